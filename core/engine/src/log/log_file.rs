//! The write-ahead log file that is being written: one position, one writer.
//!
//! Files are preallocated with zeros and used again after sealing, because overwriting blocks that
//! exist needs no metadata commit at sync. This file knows frames, not what is in them.

use std::sync::Arc;

use super::frame::{
    Before, FRAME_BYTES, FRAMES_AT, Frame, FrameKind, FramePlace, encode_file_header, stride,
};
use crate::error::{Error, Result};
use crate::limits::LOG_FILE_BYTES;
use crate::storage::{Disk, DiskFile, FileName, Folder};

/// The log file frames are appended to.
#[derive(Debug)]
pub(super) struct LogFile {
    sequence: u64,
    file: Arc<dyn DiskFile>,
    end: FileEnd,
    synced_to: u64,
    len: u64,
    buffer: Vec<u8>,
}

/// How far a log file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileEnd {
    /// Where the next frame goes.
    pub(super) position: u64,
    /// The payload checksum of the last frame, 0 if there is none.
    pub(super) checksum: u64,
    /// Whether the last frame is a group, so that nothing behind it says that it was synced.
    pub(super) is_unmarked: bool,
}

impl FileEnd {
    /// The end of a file without frames.
    pub(super) const START: Self = Self {
        position: FRAMES_AT,
        checksum: 0,
        is_unmarked: false,
    };
}

impl LogFile {
    /// Goes on writing an existing file at `end`, up to which it was just synced.
    pub(super) fn resume(sequence: u64, file: Arc<dyn DiskFile>, end: FileEnd) -> Result<Self> {
        let len = file
            .len()
            .map_err(|error| failed("cannot open a log file", sequence, error))?;
        Ok(Self {
            sequence,
            file,
            end,
            synced_to: end.position,
            len,
            buffer: Vec::new(),
        })
    }

    /// Starts the log file `sequence`: takes the spare file, or makes one, and names it.
    ///
    /// Header and name are durable when it returns, so a file by that name always has its header.
    /// The writer only takes the spare and never makes it, maintenance only makes it: so both may
    /// be at work at once.
    pub(super) fn start(disk: &dyn Disk, sequence: u64) -> Result<Self> {
        let failed = |error| failed("cannot start a log file", sequence, error);
        let (file, made_as) = match disk.open(&spare_name()) {
            Ok(file) => (file, spare_name()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let draft = draft_name("next.tmp");
                (make_file(disk, &draft)?, draft)
            }
            Err(error) => return Err(failed(error)),
        };
        let mut start = vec![0; FRAMES_AT as usize + FRAME_BYTES];
        start[..32].copy_from_slice(&encode_file_header(sequence));
        file.write_at(&start, 0).map_err(failed)?;
        file.sync_data().map_err(failed)?;
        disk.rename(&made_as, &file_name(sequence))
            .map_err(failed)?;
        disk.sync_folder(Folder::Log).map_err(failed)?;
        Self::resume(sequence, file.into(), FileEnd::START)
    }

    /// The file's number in the log.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The open file, for readers.
    pub(super) fn file(&self) -> &Arc<dyn DiskFile> {
        &self.file
    }

    /// Whether a group of this length still fits, with a mark, the end frame, and the empty one.
    pub(super) fn has_room_for(&self, payload_len: usize) -> bool {
        let behind = stride(0) + stride(0) + FRAME_BYTES as u64;
        self.end.position + stride(payload_len) + behind <= self.len
    }

    /// Whether no frame was written yet.
    pub(super) fn is_empty(&self) -> bool {
        self.end == FileEnd::START
    }

    /// Whether everything is synced and nothing behind the last group says so yet.
    pub(super) fn wants_mark(&self) -> bool {
        self.end.is_unmarked && self.synced_to == self.end.position
    }

    /// Writes a frame and the empty one behind it; durable only after [`LogFile::sync`]. Returns
    /// where its payload begins. After an error the same position is written again.
    pub(super) fn append(&mut self, kind: FrameKind, payload: &[u8]) -> Result<u64> {
        let place = FramePlace {
            sequence: self.sequence,
            position: self.end.position,
        };
        let before = Before {
            synced_to: self.synced_to,
            checksum: self.end.checksum,
        };
        let frame = Frame::new(kind, payload, before, place);
        self.buffer.clear();
        self.buffer.extend_from_slice(&frame.encode(place));
        self.buffer.extend_from_slice(payload);
        self.buffer.resize(frame.stride() as usize + FRAME_BYTES, 0);
        self.file
            .write_at(&self.buffer, place.position)
            .map_err(|error| failed("cannot append to the log", self.sequence, error))?;
        self.end = FileEnd {
            position: place.position + frame.stride(),
            checksum: frame.payload_checksum,
            is_unmarked: kind == FrameKind::Group,
        };
        Ok(place.position + FRAME_BYTES as u64)
    }

    /// Makes everything appended durable.
    pub(super) fn sync(&mut self) -> Result<()> {
        if self.synced_to == self.end.position {
            return Ok(());
        }
        self.file
            .sync_data()
            .map_err(|error| failed("cannot sync the log", self.sequence, error))?;
        self.synced_to = self.end.position;
        Ok(())
    }
}

/// The name of the log file `sequence`.
pub(super) fn file_name(sequence: u64) -> FileName {
    FileName::new(Folder::Log, format!("{sequence:016x}.wal")).expect("hex digits are valid")
}

/// The sequence number in a log file's name, if it is one.
pub(super) fn parse_file_name(name: &FileName) -> Option<u64> {
    let digits = name
        .name()
        .strip_suffix(".wal")
        .filter(|digits| digits.len() == 16)?;
    let sequence = u64::from_str_radix(digits, 16).ok();
    sequence.filter(|sequence| *sequence > 0)
}

/// The name of the file that waits to be used next.
pub(super) fn spare_name() -> FileName {
    FileName::new(Folder::Log, "spare").expect("a plain word is valid")
}

/// Makes a file of zeros that waits to be used next; under another name until it is whole.
pub(super) fn make_spare(disk: &dyn Disk) -> Result<()> {
    let draft = draft_name("spare.tmp");
    make_file(disk, &draft)?;
    disk.rename(&draft, &spare_name())
        .and_then(|()| disk.sync_folder(Folder::Log))
        .map_err(|error| Error::io("cannot make a log file", error))
}

/// Makes a file of zeros, in place of what an earlier attempt left.
fn make_file(disk: &dyn Disk, draft: &FileName) -> Result<Box<dyn DiskFile>> {
    let failed = |error| Error::io("cannot make a log file", error).with("file", draft);
    match disk.remove(draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    disk.create(draft, LOG_FILE_BYTES).map_err(failed)
}

fn draft_name(name: &str) -> FileName {
    FileName::new(Folder::Log, name).expect("a plain word is valid")
}

fn failed(what: &'static str, sequence: u64, error: std::io::Error) -> Error {
    Error::io(what, error).with("file", file_name(sequence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_log_files_begin_with_number_one() {
        assert_eq!(parse_file_name(&file_name(1)), Some(1));
        assert_eq!(parse_file_name(&file_name(u64::MAX)), Some(u64::MAX));
        assert_eq!(parse_file_name(&file_name(0)), None);
        assert_eq!(parse_file_name(&spare_name()), None);
    }
}
