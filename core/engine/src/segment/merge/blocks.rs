//! Copying blocks: checked, byte for byte, with the codebooks they need.

use super::super::block::BlockEntry;
use super::super::codebook::{Codebook, Imprint};
use super::super::directory::{Checkpoint, StreamEntry, StreamPart};
use super::super::frame::Frame;
use super::super::open::Segment;
use super::super::parts::{Mark, PartsWriter};
use super::super::sink::Sink;
use super::super::writer::StreamStart;
use super::plan::{Plan, StreamPlan};
use crate::error::Result;

/// What was copied, for the directory.
#[derive(Debug)]
pub(super) struct Copied {
    pub(super) codebooks: Vec<Codebook>,
    pub(super) streams: Vec<StreamEntry>,
    pub(super) parts: Vec<StreamPart>,
}

/// Copies the blocks that `plan` keeps.
pub(super) fn copy_blocks(
    plan: &Plan<'_>,
    checkpoint_bytes: usize,
    sink: &mut Sink,
) -> Result<Copied> {
    let mut copier = Copier {
        plan,
        sink,
        writer: PartsWriter::default(),
        shelf: Shelf::new(plan.sources.len()),
        raw_unmarked: 0,
        checkpoint_bytes,
    };
    for stream in &plan.streams {
        copier.copy_stream(stream)?;
    }
    let (streams, parts) = copier.writer.finish(copier.sink)?;
    Ok(Copied {
        codebooks: copier.shelf.codebooks,
        streams,
        parts,
    })
}

struct Copier<'a, 'b> {
    plan: &'a Plan<'a>,
    sink: &'b mut Sink,
    writer: PartsWriter,
    shelf: Shelf,
    /// Raw bytes of the stream since its last checkpoint.
    raw_unmarked: usize,
    checkpoint_bytes: usize,
}

impl Copier<'_, '_> {
    fn copy_stream(&mut self, stream: &StreamPlan) -> Result<()> {
        let (source, number) = stream.pieces[0];
        let entry = &self.plan.sources[source].streams()[number];
        let start = StreamStart {
            stream: entry.stream,
            name: entry.name.clone(),
            first_offset: stream.cut,
            previous: stream.previous,
        };
        self.writer.begin(start, self.sink)?;
        self.raw_unmarked = 0;
        for (index, piece) in stream.pieces.iter().enumerate() {
            let is_last_piece = index + 1 == stream.pieces.len();
            self.copy_piece(*piece, stream.cut.get(), is_last_piece)?;
        }
        Ok(())
    }

    fn copy_piece(&mut self, piece: (usize, usize), cut: u64, is_last_piece: bool) -> Result<()> {
        let (source, number) = piece;
        let segment = &self.plan.sources[source];
        let last = segment.streams()[number].last.get();
        let index = segment.block_index(number);
        let mut checkpoints = segment.directory().parts[number]
            .checkpoints
            .iter()
            .peekable();
        for page in index.page_of(cut)..index.pages.len() {
            for entry in index.page(page)? {
                if entry.next() <= cut {
                    continue;
                }
                self.copy_block(segment, source, &entry)?;
                while checkpoints
                    .next_if(|p| p.next_offset.get() < entry.next())
                    .is_some()
                {}
                let here = checkpoints.next_if(|p| p.next_offset.get() == entry.next());
                if let Some(point) = here {
                    let is_end = is_last_piece && entry.next() == last + 1;
                    self.copy_checkpoint(point, is_end);
                }
            }
        }
        Ok(())
    }

    fn copy_block(&mut self, segment: &Segment, source: usize, entry: &BlockEntry) -> Result<()> {
        let file = segment.file();
        let stored = file.read_stored(entry.frame)?;
        // Damage must not get a new, valid place.
        let frame = Frame::check(&stored).map_err(|error| file.damaged(entry.frame, error))?;
        self.raw_unmarked += frame.raw_len();
        let codebook = self
            .shelf
            .place(segment, source, entry.codebook, self.sink)?;
        let frame = self.sink.append_stored(&stored)?;
        self.writer
            .push_block(BlockEntry { codebook, ..*entry }, frame, self.sink)
    }

    /// Keeps a checkpoint unless the one before is close: small sources have many.
    fn copy_checkpoint(&mut self, point: &Checkpoint, is_end: bool) {
        if !is_end && self.raw_unmarked < self.checkpoint_bytes {
            return;
        }
        self.raw_unmarked = 0;
        self.writer.push_mark(Mark {
            next_offset: point.next_offset,
            hash: point.hash,
            signature: point.signature,
            lamport: point.lamport,
        });
    }
}

/// The codebooks that kept blocks need, each once.
struct Shelf {
    codebooks: Vec<Codebook>,
    /// What tells codebooks apart: the hash of the dictionary, and the imprints.
    identities: Vec<(Option<[u8; 32]>, Vec<Imprint>)>,
    /// For each source, the new numbers of its codebooks.
    numbers: Vec<Vec<Option<u32>>>,
}

impl Shelf {
    fn new(sources_count: usize) -> Self {
        Self {
            codebooks: Vec::new(),
            identities: Vec::new(),
            numbers: vec![Vec::new(); sources_count],
        }
    }

    /// The new number of a codebook of a source; copies it if it is new.
    fn place(
        &mut self,
        segment: &Segment,
        source: usize,
        number: u32,
        sink: &mut Sink,
    ) -> Result<u32> {
        let codebooks = &segment.directory().codebooks;
        let known = &mut self.numbers[source];
        known.resize(codebooks.len(), None);
        let Some(slot) = known.get_mut(number as usize) else {
            return Err(segment.file().contradiction("block has no known codebook"));
        };
        if let Some(new) = *slot {
            return Ok(new);
        }
        let codebook = &codebooks[number as usize];
        let stored = match codebook.dictionary {
            Some(frame) => {
                let stored = segment.file().read_stored(frame)?;
                Frame::check(&stored).map_err(|error| segment.file().damaged(frame, error))?;
                Some(stored)
            }
            None => None,
        };
        let hash = stored
            .as_ref()
            .map(|stored| *blake3::hash(stored).as_bytes());
        let identity = (hash, codebook.imprints.clone());
        let same = self.identities.iter().position(|known| *known == identity);
        let new = same.unwrap_or(self.codebooks.len()) as u32;
        *slot = Some(new);
        if same.is_none() {
            let dictionary = stored
                .map(|stored| sink.append_stored(&stored))
                .transpose()?;
            self.codebooks.push(Codebook {
                dictionary,
                imprints: identity.1.clone(),
            });
            self.identities.push(identity);
        }
        Ok(new)
    }
}
