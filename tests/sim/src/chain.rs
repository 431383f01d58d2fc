//! A second reader of the data folder, written from docs/format alone: it follows the chain of
//! hashes of every stream over segments and log files and checks every signature.
//!
//! It shares batches, checksums and segments with the engine, and none of the code of the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use swarmlet_engine::event::batch::Records;
use swarmlet_engine::event::codec::{Reader, checksum};
use swarmlet_engine::event::{
    Batch, BatchHash, Content, Event, EventKey, Lamport, Offset, StreamId,
};
use swarmlet_engine::segment::{BlockCache, Floors, Segment, SegmentName};
use swarmlet_engine::storage::{Disk, FileName, Folder};

use crate::disk::disk_with;

/// The files of a data folder by name.
pub type Files = BTreeMap<FileName, Vec<u8>>;

/// Follows every chain in `files` and returns all events that are physically there, by key.
pub fn follow_chains(files: &Files) -> Result<BTreeMap<EventKey, Event>> {
    let mut chains = Chains::default();
    let covered = follow_segments(files, &mut chains)?;
    for (name, bytes) in files {
        let sequence = sequence_of(name).filter(|sequence| *sequence > covered);
        if let Some(sequence) = sequence {
            follow_log_file(bytes, sequence, &mut chains).with_context(|| format!("in {name}"))?;
        }
    }
    chains.check_ends()?;
    Ok(chains.events)
}

#[derive(Default)]
struct Chains {
    heads: BTreeMap<StreamId, Link>,
    events: BTreeMap<EventKey, Event>,
}

struct Link {
    next: u64,
    hash: BatchHash,
    lamport: Lamport,
    is_signed: bool,
}

impl Chains {
    /// Takes the next batch of a stream. `is_start`: what was before it has been dropped.
    fn follow(&mut self, batch: &Batch, is_start: bool) -> Result<()> {
        let header = &batch.header;
        let stream = header.stream;
        match self.heads.get(&stream) {
            Some(link) => {
                ensure!(
                    header.first_offset.get() == link.next,
                    "{stream} is not gapless"
                );
                ensure!(
                    header.previous == link.hash,
                    "the chain of {stream} is broken"
                );
            }
            None => ensure!(
                is_start || header.first_offset == Offset::ZERO,
                "{stream} begins late"
            ),
        }
        let hash = header.hash();
        ensure!(
            *blake3::hash(&batch.body).as_bytes() == header.body_hash,
            "body and hash differ"
        );
        if let Some(signature) = &batch.signature {
            ensure!(
                hash.is_signed(stream.node, signature),
                "a signature of {stream} is invalid"
            );
        }
        let before = self.heads.get(&stream).map(|link| link.lamport);
        self.take_events(batch, before)?;
        let link = Link {
            next: header.last_offset().get() + 1,
            hash,
            lamport: header.lamport,
            is_signed: batch.signature.is_some(),
        };
        self.heads.insert(stream, link);
        Ok(())
    }

    fn take_events(&mut self, batch: &Batch, mut before: Option<Lamport>) -> Result<()> {
        let header = &batch.header;
        let mut records = Records::new(&batch.body);
        let mut offset = header.first_offset;
        while let Some(record) = records.read_next()? {
            ensure!(
                before.is_none_or(|before| before < record.lamport),
                "lamports do not grow"
            );
            before = Some(record.lamport);
            let key = EventKey {
                lamport: record.lamport,
                stream: header.stream,
                offset,
            };
            let content: Content = record.content.to_content();
            let event = Event::new(key, record.timestamp, header.app_id.clone(), content);
            ensure!(
                self.events.insert(key, event).is_none(),
                "{key:?} is there twice"
            );
            offset = offset.advanced(1)?;
        }
        ensure!(
            offset.get() == header.last_offset().get() + 1,
            "a batch lacks events"
        );
        ensure!(
            before == Some(header.lamport),
            "a batch has another lamport than its last event"
        );
        Ok(())
    }

    fn check_ends(&self) -> Result<()> {
        for (stream, link) in &self.heads {
            ensure!(link.is_signed, "the last batch of {stream} is not signed");
        }
        Ok(())
    }
}

/// Verifies and follows the segments that count. Returns the last log file they cover.
fn follow_segments(files: &Files, chains: &mut Chains) -> Result<u64> {
    let disk: Arc<dyn Disk> = Arc::new(disk_with(files)?);
    let mut names: Vec<SegmentName> = files.keys().filter_map(SegmentName::parse).collect();
    let all = names.clone();
    names.retain(|name| !all.iter().any(|other| other.supersedes(name)));
    names.sort_unstable();
    let mut covered = 0;
    let mut segments = Vec::new();
    let mut floors = Floors::new();
    for name in names {
        ensure!(
            name.first == covered + 1,
            "segment {name} follows {covered}"
        );
        covered = name.last;
        let segment = Arc::new(Segment::open(&disk, name, Arc::new(BlockCache::new(0)))?);
        segment
            .verify()
            .with_context(|| format!("segment {name}"))?;
        floors.raise_all(segment.floors());
        segments.push(segment);
    }
    for segment in segments {
        for entry in segment.streams() {
            let is_start = floors
                .of(entry.stream)
                .is_some_and(|floor| floor.first >= entry.first);
            for batch in segment.batches(entry.stream, entry.first)? {
                chains.follow(&batch?, is_start)?;
            }
        }
    }
    Ok(covered)
}

/// Follows the groups of a log file up to where its frames end.
fn follow_log_file(bytes: &[u8], sequence: u64, chains: &mut Chains) -> Result<()> {
    let mut position = FRAMES_AT;
    let mut previous = 0;
    while let Some(frame) = Frame::read(bytes, position, sequence, previous) {
        previous = frame.payload_checksum;
        position += (FRAME_BYTES + frame.payload.len()).next_multiple_of(8);
        match frame.kind {
            1 => follow_group(frame.payload, chains)?,
            2 => {}
            3 => break,
            other => bail!("unknown frame {other}"),
        }
    }
    Ok(())
}

fn follow_group(payload: &[u8], chains: &mut Chains) -> Result<()> {
    let mut reader = Reader::new(payload);
    for _ in 0..reader.varint()? {
        let batch = Batch::decode(&mut reader)?;
        let batch = Batch {
            header: batch.header,
            signature: batch.signature,
            body: batch.body.to_vec().into(),
        };
        chains.follow(&batch, false)?;
    }
    Ok(reader.finish()?)
}

struct Frame<'a> {
    kind: u8,
    payload: &'a [u8],
    payload_checksum: u64,
}

impl<'a> Frame<'a> {
    /// The frame at `position` that follows one with the checksum `previous`, if there is one.
    fn read(bytes: &'a [u8], position: usize, sequence: u64, previous: u64) -> Option<Self> {
        let head = bytes.get(position..position + FRAME_BYTES)?;
        let place = [sequence.to_le_bytes(), (position as u64).to_le_bytes()].concat();
        let is_whole = number(&head[24..]) == checksum(&[&place, &head[..24]]);
        let len = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
        let payload = bytes.get(position + FRAME_BYTES..position + FRAME_BYTES + len)?;
        let payload_checksum = checksum(&[&place, &previous.to_le_bytes(), payload]);
        (is_whole && number(&head[16..]) == payload_checksum).then_some(Self {
            kind: head[4],
            payload,
            payload_checksum,
        })
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes[..8]
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The sequence number of a log file.
fn sequence_of(name: &FileName) -> Option<u64> {
    let digits = name.name().strip_suffix(".wal")?;
    let is_log_file = name.folder() == Folder::Log;
    u64::from_str_radix(digits, 16).ok().filter(|_| is_log_file)
}

const FRAMES_AT: usize = 4096;
const FRAME_BYTES: usize = 32;
