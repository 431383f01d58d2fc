//! The file of a segment: frames by position, through the cache.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use zstd::dict::DecoderDictionary;

use super::cache::{BlockCache, Cached};
use super::frame::{Frame, FrameRef};
use super::layout::{FOOTER_BYTES, Footer, HEADER_BYTES, check_header};
use super::name::SegmentName;
use crate::error::{Error, Result};
use crate::event::codec::Malformed;
use crate::storage::{Disk, DiskFile};

/// An open segment file whose header and footer were checked.
pub(super) struct SegmentFile {
    name: SegmentName,
    file: Box<dyn DiskFile>,
    footer: Footer,
    number: u64,
    cache: Arc<BlockCache>,
}

impl SegmentFile {
    /// Opens the file and checks both ends.
    pub(super) fn open(disk: &dyn Disk, name: SegmentName, cache: Arc<BlockCache>) -> Result<Self> {
        let failed = |error| Error::io("cannot read segment", error).with("file", name.file_name());
        let file = disk.open(&name.file_name()).map_err(failed)?;
        let len = file.len().map_err(failed)?;
        if len < (HEADER_BYTES + FOOTER_BYTES) as u64 {
            return Err(Error::corrupt("segment file is too short")
                .with("file", name.file_name())
                .with("bytes", len));
        }
        let mut header = [0; HEADER_BYTES];
        file.read_exact_at(&mut header, 0).map_err(failed)?;
        check_header(&header, name)?;
        let mut footer = [0; FOOTER_BYTES];
        file.read_exact_at(&mut footer, len - FOOTER_BYTES as u64)
            .map_err(failed)?;
        let footer = Footer::decode(&footer, name, len)?;
        let number = cache.next_segment();
        Ok(Self {
            name,
            file,
            footer,
            number,
            cache,
        })
    }

    /// The name of the segment.
    pub(super) fn name(&self) -> SegmentName {
        self.name
    }

    /// What the footer says.
    pub(super) fn footer(&self) -> &Footer {
        &self.footer
    }

    /// The content of a frame, from the cache if it is there.
    pub(super) fn read(&self, frame: FrameRef) -> Result<Bytes> {
        if let Some(Cached::Content(content)) = self.cache.find(self.number, frame.position) {
            return Ok(content);
        }
        let content = self.read_uncached(frame)?;
        self.keep(frame, &content);
        Ok(content)
    }

    /// As [`Self::read`], for frames compressed with a dictionary, if it is the frame of one.
    pub(super) fn read_with(&self, frame: FrameRef, dictionary: Option<FrameRef>) -> Result<Bytes> {
        if let Some(Cached::Content(content)) = self.cache.find(self.number, frame.position) {
            return Ok(content);
        }
        let dictionary = dictionary.map(|frame| self.dictionary(frame)).transpose()?;
        let content = self.decode(frame, dictionary.as_deref())?;
        self.keep(frame, &content);
        Ok(content)
    }

    /// The content of a frame, which the cache neither has nor gets.
    pub(super) fn read_uncached(&self, frame: FrameRef) -> Result<Bytes> {
        self.decode(frame, None)
    }

    /// The stored bytes of a frame; the caller checks them.
    pub(super) fn read_stored(&self, frame: FrameRef) -> Result<Vec<u8>> {
        let body_end = self.footer.file_bytes - FOOTER_BYTES as u64;
        if frame.position < HEADER_BYTES as u64 || frame.end() > body_end {
            let what = "frame lies outside of the file";
            return Err(self.damaged(frame, Malformed { what, at: 0 }));
        }
        let mut stored = vec![0; frame.len as usize];
        self.file
            .read_exact_at(&mut stored, frame.position)
            .map_err(|error| {
                Error::io("cannot read segment", error)
                    .with("file", self.name.file_name())
                    .with("position", frame.position)
            })?;
        Ok(stored)
    }

    /// The error for a frame that is not what it should be.
    pub(super) fn damaged(&self, frame: FrameRef, error: Malformed) -> Error {
        Error::corrupt("segment is damaged")
            .with("file", self.name.file_name())
            .with("position", frame.position)
            .because(error)
    }

    /// The error for parts that contradict each other although each is intact.
    pub(super) fn contradiction(&self, message: &str) -> Error {
        Error::corrupt(message).with("file", self.name.file_name())
    }

    fn dictionary(&self, frame: FrameRef) -> Result<Arc<DecoderDictionary<'static>>> {
        if let Some(Cached::Dictionary(found)) = self.cache.find(self.number, frame.position) {
            return Ok(found);
        }
        let content = self.read_uncached(frame)?;
        let dictionary = DecoderDictionary::try_copy(&content).map_err(|_| {
            let what = "dictionary is not one";
            self.damaged(frame, Malformed { what, at: 0 })
        })?;
        let dictionary = Arc::new(dictionary);
        let entry = Cached::Dictionary(Arc::clone(&dictionary));
        self.cache.keep(self.number, frame.position, entry);
        Ok(dictionary)
    }

    fn decode(
        &self,
        frame: FrameRef,
        dictionary: Option<&DecoderDictionary<'static>>,
    ) -> Result<Bytes> {
        let stored = self.read_stored(frame)?;
        let content = Frame::check(&stored).and_then(|checked| {
            self.cache
                .with_context(|context| checked.decode(context, dictionary))
        });
        content
            .map(Bytes::from)
            .map_err(|error| self.damaged(frame, error))
    }

    fn keep(&self, frame: FrameRef, content: &Bytes) {
        let entry = Cached::Content(content.clone());
        self.cache.keep(self.number, frame.position, entry);
    }
}

impl fmt::Debug for SegmentFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SegmentFile({})", self.name)
    }
}
