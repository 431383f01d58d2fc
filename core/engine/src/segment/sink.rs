//! The end of a segment being written: bytes are appended, buffered, and never touched again.

use std::fmt;
use std::sync::Arc;

use super::frame::{FrameEncoder, FrameRef};
use super::layout::{FOOTER_BYTES, Footer, encode_header};
use super::name::SegmentName;
use crate::error::{Error, Result};
use crate::storage::{Disk, DiskFile, Folder};

/// Appends frames to the temporary file of a segment; without [`Sink::finish`] it is removed again.
pub(super) struct Sink {
    disk: Arc<dyn Disk>,
    name: SegmentName,
    file: Box<dyn DiskFile>,
    buffer: Vec<u8>,
    written: u64,
    plain: FrameEncoder<'static>,
    /// Whether the file has its own name.
    is_named: bool,
}

impl Sink {
    /// Makes the temporary file, in place of what an earlier attempt left, and writes the header.
    pub(super) fn create(disk: Arc<dyn Disk>, name: SegmentName) -> Result<Self> {
        let temporary = name.temporary_file_name();
        let failed = |error| {
            Error::io("cannot create segment", error).with("file", name.temporary_file_name())
        };
        match disk.remove(&temporary) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
        let file = disk.create(&temporary, 0).map_err(failed)?;
        let plain = FrameEncoder::new(None);
        let buffer = encode_header(name);
        Ok(Self {
            disk,
            name,
            file,
            buffer,
            written: 0,
            plain,
            is_named: false,
        })
    }

    /// Where the next byte goes.
    pub(super) fn position(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Appends `raw` as a frame compressed without a dictionary.
    pub(super) fn append(&mut self, raw: &[u8]) -> Result<FrameRef> {
        let position = self.position();
        self.plain.encode(raw, &mut self.buffer);
        self.appended(position)
    }

    /// Appends `raw` as a frame made by `encoder`.
    pub(super) fn append_with(
        &mut self,
        raw: &[u8],
        encoder: &mut FrameEncoder<'_>,
    ) -> Result<FrameRef> {
        let position = self.position();
        encoder.encode(raw, &mut self.buffer);
        self.appended(position)
    }

    /// Appends a frame of another segment as it is.
    pub(super) fn append_stored(&mut self, stored: &[u8]) -> Result<FrameRef> {
        let position = self.position();
        self.buffer.extend_from_slice(stored);
        self.appended(position)
    }

    /// Writes the footer and makes the file durable under its own name.
    pub(super) fn finish(mut self, directory: FrameRef, events_count: u32) -> Result<()> {
        let file_bytes = self.position() + FOOTER_BYTES as u64;
        let footer = Footer {
            directory,
            events_count,
            file_bytes,
        };
        self.buffer.extend_from_slice(&footer.encode());
        self.flush()?;
        let (temporary, own) = (self.name.temporary_file_name(), self.name.file_name());
        // The content must be durable before the name that promises it.
        self.file
            .sync_all()
            .and_then(|()| self.disk.rename(&temporary, &own))
            .map_err(|error| self.failed(error))?;
        self.is_named = true;
        self.disk
            .sync_folder(Folder::Segments)
            .map_err(|error| self.failed(error))
    }

    fn appended(&mut self, position: u64) -> Result<FrameRef> {
        let len = u32::try_from(self.position() - position).expect("frames are bounded");
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush()?;
        }
        Ok(FrameRef { position, len })
    }

    fn flush(&mut self) -> Result<()> {
        self.file
            .write_at(&self.buffer, self.written)
            .map_err(|error| self.failed(error))?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn failed(&self, error: std::io::Error) -> Error {
        Error::io("cannot write segment", error).with("file", self.name.file_name())
    }
}

impl Drop for Sink {
    /// Gives the room back at once: on a full disk everything else waits for it.
    fn drop(&mut self) {
        if !self.is_named {
            // What stays is removed by the next attempt, or at the next opening.
            let _ = self.disk.remove(&self.name.temporary_file_name());
        }
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Sink({} at {})", self.name, self.position())
    }
}

/// Few system calls for a segment, and little memory.
const BUFFER_BYTES: usize = 256 * 1024;
