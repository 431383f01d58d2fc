//! Writing the parts of streams: blocks in a row, their index, and checkpoints between them.
//!
//! Both makers of segments, sealing and merging, write through it.

use super::block::BlockEntry;
use super::block_index::{self, IndexPage, PAGE_ENTRIES};
use super::directory::{Checkpoint, StreamEntry, StreamPart};
use super::frame::FrameRef;
use super::sink::Sink;
use super::writer::StreamStart;
use crate::error::{Error, Result};
use crate::event::{BatchHash, Lamport, Offset, Signature, Timestamp};

/// A checkpoint, of which the writer finds out the rest.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    /// Offset of the event after the batch.
    pub(super) next_offset: Offset,
    /// Hash of the batch's header.
    pub(super) hash: BatchHash,
    /// The author's signature over it.
    pub(super) signature: Signature,
    /// Lamport of the batch's last event.
    pub(super) lamport: Lamport,
}

/// Collects what the directory will say of the streams.
#[derive(Debug, Default)]
pub(super) struct PartsWriter {
    streams: Vec<StreamEntry>,
    parts: Vec<StreamPart>,
    current: Option<Part>,
}

#[derive(Debug)]
struct Part {
    start: StreamStart,
    page: Vec<BlockEntry>,
    index: Vec<IndexPage>,
    checkpoints: Vec<Checkpoint>,
    next: u64,
    /// Lamport of the first event of the block before.
    lamport: u64,
    bytes: u64,
    time: i64,
}

impl PartsWriter {
    /// Ends the stream before and begins the next.
    pub(super) fn begin(&mut self, start: StreamStart, sink: &mut Sink) -> Result<()> {
        self.end(sink)?;
        self.current = Some(Part {
            next: start.first_offset.get(),
            start,
            page: Vec::new(),
            index: Vec::new(),
            checkpoints: Vec::new(),
            lamport: 0,
            bytes: 0,
            time: i64::MIN,
        });
        Ok(())
    }

    /// Notes a block that was appended at `frame`; blocks follow each other without gap.
    pub(super) fn push_block(
        &mut self,
        entry: BlockEntry,
        frame: FrameRef,
        sink: &mut Sink,
    ) -> Result<()> {
        let part = self.current.as_mut().expect("a stream was begun");
        if entry.first != part.next || entry.first_lamport < part.lamport {
            return Err(
                Error::corrupt("blocks of a stream do not follow each other")
                    .with("stream", part.start.stream)
                    .with("offset", entry.first)
                    .with("expected", part.next),
            );
        }
        part.next = entry.next();
        part.lamport = entry.first_lamport;
        part.bytes += u64::from(frame.len);
        part.time = part.time.max(entry.time_max);
        part.page.push(BlockEntry { frame, ..entry });
        if part.page.len() == PAGE_ENTRIES {
            part.flush(sink)?;
        }
        Ok(())
    }

    /// Notes a checkpoint after the block pushed last.
    pub(super) fn push_mark(&mut self, mark: Mark) {
        let part = self.current.as_mut().expect("a stream was begun");
        assert_eq!(
            mark.next_offset.get(),
            part.next,
            "checkpoints lie between blocks"
        );
        part.checkpoints.push(Checkpoint {
            next_offset: mark.next_offset,
            hash: mark.hash,
            signature: mark.signature,
            bytes: part.bytes,
            time: Timestamp::from_micros(part.time),
            lamport: mark.lamport,
        });
    }

    /// Completes the last stream.
    pub(super) fn finish(mut self, sink: &mut Sink) -> Result<(Vec<StreamEntry>, Vec<StreamPart>)> {
        self.end(sink)?;
        Ok((self.streams, self.parts))
    }

    fn end(&mut self, sink: &mut Sink) -> Result<()> {
        let Some(mut part) = self.current.take() else {
            return Ok(());
        };
        let end = part
            .checkpoints
            .last()
            .filter(|last| last.next_offset.get() == part.next)
            .cloned();
        let Some(end) = end else {
            return Err(Error::corrupt("a stream does not end with a signed batch")
                .with("stream", part.start.stream));
        };
        if !part.page.is_empty() {
            part.flush(sink)?;
        }
        self.streams.push(StreamEntry {
            stream: part.start.stream,
            name: part.start.name,
            first: part.start.first_offset,
            last: Offset::new(part.next - 1)?,
            start: part.start.previous,
            end: end.hash,
            last_lamport: end.lamport,
        });
        self.parts.push(StreamPart {
            checkpoints: part.checkpoints,
            index: part.index,
        });
        Ok(())
    }
}

impl Part {
    fn flush(&mut self, sink: &mut Sink) -> Result<()> {
        let frame = sink.append(&block_index::encode_page(&self.page))?;
        self.index.push(IndexPage::describe(&self.page, frame));
        self.page.clear();
        Ok(())
    }
}
