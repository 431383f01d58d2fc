//! Opening: finding out what is there, and continuing exactly behind it.
//!
//! Sealed segments are opened, not read; log files behind them are read and checked whole. What a
//! torn write left is copied aside, never dropped. Damage stops the opening with its position.

use std::sync::Arc;

use super::append::decode_group;
use super::frame::{FILE_HEADER_BYTES, FRAME_BYTES, FileHeader, FrameKind, decode_file_header};
use super::heads::{Head, Heads};
use super::log_file::{LogFile, file_name, parse_file_name};
use super::options::LogOptions;
use super::scan::{Ending, Scan};
use super::shared::{Shared, Snapshot};
use super::stats::Counters;
use super::unsealed::Unsealed;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{BatchHash, BatchHeader, NodeId, Offset};
use crate::limits::SEQUENCE_MAX;
use crate::segment::{BlockCache, Floors, Segment, SegmentName, StreamEntry};
use crate::storage::{Disk, DiskFile, FileName, Folder};

/// An opened log, before anything new is written.
pub(super) struct Recovered {
    pub(super) shared: Shared,
    pub(super) active: Option<LogFile>,
    pub(super) next_sequence: u64,
}

/// Opens what is on `disk`.
pub(super) fn recover(disk: Arc<dyn Disk>, own: NodeId, options: LogOptions) -> Result<Recovered> {
    let cache = Arc::new(BlockCache::new(options.cache_bytes));
    let shared = Shared::new(disk, own, options, cache);
    let mut recovery = Recovery {
        shared: &shared,
        heads: Heads::default(),
        floors: Floors::new(),
        active: None,
    };
    let segments = recovery.open_segments()?;
    recovery.restore_heads(&segments)?;
    let sealed_floors = recovery.floors.clone();
    let covered = segments.last().map_or(0, |segment| segment.name().last);
    let files = recovery.replay_log_files(covered)?;
    let next_sequence = covered + 1 + files.len() as u64;
    let Recovery {
        heads,
        floors,
        active,
        ..
    } = recovery;
    if let Some(last) = files.last() {
        shared.activate(if active.is_some() {
            last.sequence
        } else {
            next_sequence
        });
    }
    shared.update(|snapshot| {
        *snapshot = Snapshot {
            segments,
            files,
            durable_floors: floors.clone(),
            floors,
            sealed_floors,
        }
    });
    shared.publish(&heads, 0);
    Ok(Recovered {
        shared,
        active,
        next_sequence,
    })
}

struct Recovery<'a> {
    shared: &'a Shared,
    heads: Heads,
    floors: Floors,
    active: Option<LogFile>,
}

impl Recovery<'_> {
    fn disk(&self) -> &dyn Disk {
        self.shared.disk.as_ref()
    }

    /// Opens the segments that count, and removes those they replace.
    fn open_segments(&self) -> Result<Vec<Arc<Segment>>> {
        let listed = self.list(Folder::Segments)?;
        let (kept, mut replaced) = sort_out(&listed);
        check_ranges(&kept)?;
        let open = |name: SegmentName| {
            Segment::open(&self.shared.disk, name, self.shared.cache.clone()).map(Arc::new)
        };
        let segments = kept.into_iter().map(open).collect::<Result<Vec<_>>>()?;
        replaced.extend(listed.into_iter().filter(SegmentName::is_temporary));
        self.remove_leftovers(&replaced);
        Ok(segments)
    }

    /// Takes the heads of streams from segments, and checks that streams are whole across them.
    fn restore_heads(&mut self, segments: &[Arc<Segment>]) -> Result<()> {
        for segment in segments {
            self.floors.raise_all(segment.floors());
        }
        for segment in segments {
            for entry in segment.streams() {
                check_continues(entry, &self.heads, &self.floors)
                    .map_err(|error| error.with("segment", segment.name()))?;
                self.heads.restore(entry.stream, head_of(entry));
            }
        }
        Ok(())
    }

    /// Reads the log files behind the segments; the last one becomes the active file.
    fn replay_log_files(&mut self, covered: u64) -> Result<Vec<Arc<Unsealed>>> {
        let listed = self.list(Folder::Log)?;
        let mut sequences: Vec<u64> = listed.iter().filter_map(parse_file_name).collect();
        sequences.sort_unstable();
        let is_sealed = |sequence: &u64| *sequence <= covered;
        let sealed: Vec<FileName> = sequences
            .iter()
            .filter(|one| is_sealed(one))
            .map(|one| file_name(*one))
            .collect();
        sequences.retain(|sequence| !is_sealed(sequence));
        for (expected, sequence) in (covered + 1..).zip(&sequences) {
            if expected != *sequence {
                return Err(
                    Error::corrupt("a log file is missing").with("file", file_name(expected))
                );
            }
        }
        let last = sequences.last().copied();
        let replay = |sequence| self.replay(sequence, Some(sequence) == last);
        let files = sequences
            .into_iter()
            .map(replay)
            .collect::<Result<Vec<_>>>()?;
        self.remove_leftovers(&sealed);
        Ok(files)
    }

    fn replay(&mut self, sequence: u64, is_last: bool) -> Result<Arc<Unsealed>> {
        let name = file_name(sequence);
        let failed = |error| Error::io("cannot read a log file", error).with("file", &name);
        let file: Arc<dyn DiskFile> = self.disk().open(&name).map_err(failed)?.into();
        let mut bytes = vec![0; file.len().map_err(failed)? as usize];
        file.read_exact_at(&mut bytes, 0).map_err(failed)?;
        check_header(&bytes, sequence)?;
        let unsealed = Arc::new(Unsealed::new(sequence, file.clone()));
        let mut scan = Scan::new(&bytes, sequence);
        while let Some(frame) = scan.next_frame() {
            if frame.kind == FrameKind::Group {
                self.replay_group(&unsealed, frame.payload, frame.payload_at)?;
            }
        }
        let ending = scan.ending().expect("the scan has run to its end");
        let damaged = |position| {
            Error::corrupt("a log file is damaged")
                .with("file", &name)
                .with("position", position)
        };
        match ending {
            Ending::Damaged { position } => return Err(damaged(position)),
            Ending::Clean { position } | Ending::Torn { position, .. } if !is_last => {
                return Err(damaged(position));
            }
            Ending::Torn { position, len } => {
                let end = bytes.len().min((position + len) as usize);
                self.set_aside(sequence, position, &bytes[position as usize..end])?;
                file.write_at(&[0; FRAME_BYTES], position).map_err(failed)?;
            }
            Ending::Clean { .. } | Ending::Complete => {}
        }
        if is_last {
            let end = scan.end();
            let (position, unproven) = scan.unproven();
            harden(file.as_ref(), unproven, position).map_err(|error| {
                Error::io("cannot sync the log at opening", error).with("file", &name)
            })?;
            if ending != Ending::Complete {
                self.active = Some(LogFile::resume(sequence, file, end)?);
            }
        }
        Ok(unsealed)
    }

    fn replay_group(&mut self, unsealed: &Unsealed, payload: &[u8], at: u64) -> Result<()> {
        let damaged = |error| {
            Error::corrupt("a commit group cannot be decoded")
                .with("file", file_name(unsealed.sequence))
                .with("position", at)
                .because(error)
        };
        let refused = |error: Error| {
            error
                .with("file", file_name(unsealed.sequence))
                .with("position", at)
        };
        let batches = decode_group(payload, at).map_err(damaged)?;
        for placed in &batches {
            let (header, first) = (&placed.batch.header, placed.batch.first_lamport());
            let first = first.map_err(damaged)?;
            if let Some(floor) = self.heads.extend(header, first).map_err(refused)? {
                self.check_begins(header).map_err(refused)?;
                self.floors.raise(header.stream, floor);
            }
        }
        unsealed.apply(&batches).map_err(damaged)
    }

    /// A stream that only we write goes on without gaps: one before `header` was not received, so
    /// what we wrote there is gone.
    fn check_begins(&self, header: &BatchHeader) -> Result<()> {
        let Shared { own, options, .. } = self.shared;
        let is_ours = header.stream.node == *own;
        if is_ours && options.incarnation.has(header.stream.number) {
            return Err(Error::corrupt("events of our own stream are missing")
                .with("stream", header.stream)
                .with("offset", header.first_offset));
        }
        Ok(())
    }

    /// Keeps the bytes of a write that did not complete, durably, under a name of their own.
    fn set_aside(&self, sequence: u64, position: u64, bytes: &[u8]) -> Result<()> {
        let failed = |error| Error::io("cannot set a torn write aside", error);
        for attempt in 0..ASIDE_NAMES_MAX {
            let text = format!("{sequence:016x}-{position:08x}-{attempt:02x}.torn");
            let name = FileName::new(Folder::Aside, text).expect("hex digits are valid");
            match self.disk().create(&name, 0) {
                Ok(file) => {
                    file.write_at(bytes, 0).map_err(failed)?;
                    file.sync_all().map_err(failed)?;
                    self.disk().sync_folder(Folder::Aside).map_err(failed)?;
                    let counter = &self.shared.counters.bytes_set_aside;
                    Counters::add(counter, bytes.len() as u64);
                    return Ok(());
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(Error::new(
            ErrorKind::Storage,
            "too many torn writes set aside; move them elsewhere",
        )
        .with("folder", Folder::Aside.path()))
    }

    fn list(&self, folder: Folder) -> Result<Vec<FileName>> {
        self.disk()
            .list(folder)
            .map_err(|error| Error::io("cannot list a folder", error).with("folder", folder))
    }

    /// Removes files whose content is elsewhere. One that stays is found again next time.
    fn remove_leftovers(&self, names: &[FileName]) {
        for name in names {
            let _ = self.disk().remove(name);
        }
    }
}

/// The segments that count, in their order, and the files that they replace.
pub(super) fn sort_out(listed: &[FileName]) -> (Vec<SegmentName>, Vec<FileName>) {
    let mut names: Vec<SegmentName> = listed.iter().filter_map(SegmentName::parse).collect();
    names.sort_by_key(|name| (name.first, std::cmp::Reverse((name.last, name.revision))));
    let mut kept: Vec<SegmentName> = Vec::new();
    let mut replaced: Vec<FileName> = Vec::new();
    for name in names {
        match kept.last() {
            Some(before) if before.supersedes(&name) => replaced.push(name.file_name()),
            _ => kept.push(name),
        }
    }
    (kept, replaced)
}

/// Whether the part of a stream that a segment has goes on where the parts before it end.
pub(super) fn check_continues(entry: &StreamEntry, heads: &Heads, floors: &Floors) -> Result<()> {
    let floor = floors.of(entry.stream);
    let may_begin = floor.is_some_and(|floor| floor.first >= entry.first);
    let is_whole = match heads.head(entry.stream) {
        Some(head) if may_begin && entry.first.get() > head.last.get() + 1 => true,
        Some(head) => entry.first.get() == head.last.get() + 1 && entry.start == head.hash,
        None if entry.first == Offset::ZERO => entry.start == BatchHash::GENESIS,
        None => may_begin,
    };
    if is_whole {
        return Ok(());
    }
    Err(
        Error::corrupt("events of a stream are missing before a segment")
            .with("stream", entry.stream)
            .with("offset", entry.first),
    )
}

/// The head of a stream at the end of a segment.
pub(super) fn head_of(entry: &StreamEntry) -> Head {
    Head {
        name: entry.name.clone(),
        last: entry.last,
        hash: entry.end,
        lamport: entry.last_lamport,
    }
}

/// Makes frames durable of which nothing says that they were synced: readers will see them, so
/// they must not disappear any more.
///
/// They are written once more, because a sync that failed in an earlier process may have left them
/// in memory, marked as if they had been written.
fn harden(file: &dyn DiskFile, unproven: &[u8], position: u64) -> std::io::Result<()> {
    if !unproven.is_empty() {
        file.write_at(unproven, position)?;
    }
    file.sync_data()
}

/// Log sequence numbers must be covered from 1 on, each once.
pub(super) fn check_ranges(names: &[SegmentName]) -> Result<()> {
    let mut expected = 1;
    for name in names {
        if name.first != expected {
            return Err(Error::corrupt("a segment is missing")
                .with("log file expected", expected)
                .with("segment found", name));
        }
        if name.last > SEQUENCE_MAX {
            return Err(Error::corrupt("a segment covers log files that cannot be")
                .with("segment found", name));
        }
        expected = name.last + 1;
    }
    Ok(())
}

pub(super) fn check_header(bytes: &[u8], sequence: u64) -> Result<()> {
    let header = bytes.first_chunk::<FILE_HEADER_BYTES>();
    match header.map_or(FileHeader::Unknown, decode_file_header) {
        FileHeader::Sequence(found) if found == sequence => Ok(()),
        FileHeader::OtherVersion(version) => Err(Error::new(
            ErrorKind::Incompatible,
            "a log file has a format this version does not know",
        )
        .with("file", file_name(sequence))
        .with("version", version)),
        _ => Err(Error::corrupt("a log file has no valid header")
            .with("file", file_name(sequence))
            .with("position", 0)),
    }
}

/// Torn writes kept at one position: more means that something else is wrong.
const ASIDE_NAMES_MAX: u32 = 256;

#[cfg(test)]
mod tests {
    use super::super::append::encode_group;
    use super::*;
    use crate::event::batch::{BatchPlace, BodyBuilder};
    use crate::event::{
        AppId, Batch, Content, Lamport, Payload, StreamId, StreamName, StreamNumber, Tags,
        Timestamp,
    };
    use crate::storage::SimDisk;

    const OWN: NodeId = NodeId::from_bytes([5; 32]);

    /// A batch with events of these lamports, behind `before`.
    fn batch(lamports: &[u64], before: Option<&Batch>) -> Batch {
        let content = Content::new(&Tags::default(), &Payload::from_serde(&1).unwrap());
        let mut body = BodyBuilder::new();
        for lamport in lamports {
            let lamport = Lamport::new(*lamport).unwrap();
            body.push(lamport, Timestamp::from_micros(0), content.as_bytes());
        }
        let next = |batch: &Batch| batch.header.last_offset().advanced(1).unwrap();
        let place = BatchPlace {
            stream: StreamId::new(OWN, StreamNumber::DEFAULT),
            name: StreamName::default_name(),
            first_offset: before.map_or(Offset::ZERO, next),
            previous: before.map_or(BatchHash::GENESIS, |batch| batch.header.hash()),
        };
        body.finish(place, AppId::new("com.example").unwrap())
    }

    /// Opens a log whose only file holds `batches`, in frames that are all right.
    fn open(batches: &[Batch]) -> Result<Recovered> {
        let disk = Arc::new(SimDisk::new(1));
        let mut file = LogFile::start(disk.as_ref(), 1)?;
        file.append(FrameKind::Group, &encode_group(batches, &[], 0))?;
        recover(disk, OWN, LogOptions::default())
    }

    fn refusal(batches: &[Batch]) -> ErrorKind {
        open(batches).err().map(|error| error.kind()).unwrap()
    }

    #[test]
    fn a_header_must_count_the_events_of_its_body() {
        let mut batch = batch(&[3, 4], None);
        assert!(open(std::slice::from_ref(&batch)).is_ok());
        for count in [1, 3] {
            batch.header.count = count;
            assert_eq!(refusal(std::slice::from_ref(&batch)), ErrorKind::Corrupt);
        }
    }

    #[test]
    fn lamports_must_grow_from_batch_to_batch() {
        let first = batch(&[3, 4], None);
        let (fine, late) = (batch(&[5, 6], Some(&first)), batch(&[4, 6], Some(&first)));
        assert!(open(&[first.clone(), fine]).is_ok());
        assert_eq!(refusal(&[first, late]), ErrorKind::Corrupt);
    }

    #[test]
    fn our_own_stream_has_no_gaps() {
        let first = batch(&[3, 4], None);
        let second = batch(&[5, 6], Some(&first));
        let third = batch(&[7, 8], Some(&second));
        assert_eq!(refusal(&[first.clone(), third.clone()]), ErrorKind::Corrupt);
        assert!(open(&[first, second, third]).is_ok());
    }

    #[test]
    fn a_segment_cannot_cover_more_log_files_than_there_can_be() {
        let name = |last| SegmentName {
            first: 1,
            last,
            revision: 0,
        };
        assert!(check_ranges(&[name(SEQUENCE_MAX)]).is_ok());
        assert!(check_ranges(&[name(SEQUENCE_MAX + 1)]).is_err());
        assert!(check_ranges(&[name(u64::MAX)]).is_err());
    }
}
