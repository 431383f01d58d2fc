//! What a merge will keep: computed first, from the directories alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::floors::Floors;
use super::super::open::Segment;
use crate::error::{Error, Result};
use crate::event::{BatchHash, Offset, StreamId};

/// What is kept of every stream.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// The segments, in order.
    pub(super) sources: &'a [Arc<Segment>],
    /// The streams of which something is kept, ascending.
    pub(super) streams: Vec<StreamPlan>,
    /// For each source, what becomes of its streams, by their number there.
    pub(super) fates: Vec<Vec<Fate>>,
}

/// What is kept of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StreamPlan {
    /// The first offset kept; a batch begins there.
    pub(super) cut: Offset,
    /// Hash of the batch header before it.
    pub(super) previous: BatchHash,
    /// The pieces in offset order: source, and number of the stream in it.
    pub(super) pieces: Vec<(usize, usize)>,
}

/// What becomes of a stream of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing of it is kept.
    Dropped,
    /// Its events from `cut` on go to the stream with this number.
    Kept {
        /// Number of the stream in the merged segment.
        number: u32,
        /// The first offset kept.
        cut: u64,
    },
}

impl<'a> Plan<'a> {
    /// Plans to keep what is not below `floors`.
    pub(super) fn new(sources: &'a [Arc<Segment>], floors: &Floors) -> Result<Self> {
        let mut all: BTreeMap<StreamId, Vec<(usize, usize)>> = BTreeMap::new();
        for (source, segment) in sources.iter().enumerate() {
            for (number, entry) in segment.streams().iter().enumerate() {
                all.entry(entry.stream).or_default().push((source, number));
            }
        }
        let fates = sources
            .iter()
            .map(|source| vec![Fate::Dropped; source.streams().len()]);
        let mut plan = Self {
            sources,
            streams: Vec::new(),
            fates: fates.collect(),
        };
        for (stream, pieces) in all {
            let floor = floors.of(stream).map_or(Offset::ZERO, |floor| floor.first);
            plan.add_stream(pieces, floor)?;
        }
        Ok(plan)
    }

    fn add_stream(&mut self, mut pieces: Vec<(usize, usize)>, floor: Offset) -> Result<()> {
        let (cut, previous) = self.cut(&pieces, floor);
        pieces.retain(|(source, number)| self.sources[*source].streams()[*number].last >= cut);
        if pieces.is_empty() {
            return Ok(());
        }
        self.check_chain(&pieces)?;
        let number = self.streams.len() as u32;
        for (source, own_number) in &pieces {
            self.fates[*source][*own_number] = Fate::Kept {
                number,
                cut: cut.get(),
            };
        }
        self.streams.push(StreamPlan {
            cut,
            previous,
            pieces,
        });
        Ok(())
    }

    /// The last place at or below `floor` where a batch begins and the hash before it is known;
    /// the beginning of the first piece if there is none.
    fn cut(&self, pieces: &[(usize, usize)], floor: Offset) -> (Offset, BatchHash) {
        let places = pieces.iter().flat_map(|(source, number)| {
            let entry = &self.sources[*source].streams()[*number];
            let checkpoints = &self.sources[*source].directory().parts[*number].checkpoints;
            let ends = checkpoints
                .iter()
                .map(|point| (point.next_offset, point.hash));
            std::iter::once((entry.first, entry.start)).chain(ends)
        });
        let mut places = places.peekable();
        let first = *places
            .peek()
            .expect("a stream has a piece, which has a beginning");
        places
            .rfind(|(offset, _)| *offset <= floor)
            .unwrap_or(first)
    }

    fn check_chain(&self, pieces: &[(usize, usize)]) -> Result<()> {
        let entry = |piece: &(usize, usize)| &self.sources[piece.0].streams()[piece.1];
        for pair in pieces.windows(2) {
            let (left, right) = (entry(&pair[0]), entry(&pair[1]));
            let is_gapless = left.last.get() + 1 == right.first.get() && left.end == right.start;
            if !is_gapless {
                return Err(
                    Error::corrupt("adjacent segments do not continue each other")
                        .with("stream", left.stream)
                        .with("last offset", left.last)
                        .with("next offset", right.first)
                        .with("file", self.sources[pair[1].0].name().file_name()),
                );
            }
        }
        Ok(())
    }
}
