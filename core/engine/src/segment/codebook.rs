//! Codebooks: what a block needs to be read - a dictionary, and the imprints that it numbers.
//!
//! Sealing makes one for the segment. Merging copies blocks as they are and so carries their
//! codebooks along.

use super::frame::FrameRef;
use crate::event::AppId;

/// What batches have in common beside their events, so that their headers can be computed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Imprint {
    /// The app that published them.
    pub(super) app_id: AppId,
    /// Whether their headers have the name of the stream.
    pub(super) has_name: bool,
}

/// A dictionary and a list of imprints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Codebook {
    /// The frame of the dictionary; `None` if blocks are compressed without one.
    pub(super) dictionary: Option<FrameRef>,
    /// The imprints by their numbers.
    pub(super) imprints: Vec<Imprint>,
}

/// Trains a dictionary on some of `blocks`; `None` if there is too little to learn from.
///
/// Compression finds in it what a block would otherwise have to spell out once: keys of payloads,
/// names of tags. Training looks at an even selection, because its cost grows with what it reads.
pub(super) fn train<'a>(
    blocks: impl ExactSizeIterator<Item = &'a [u8]> + Clone,
) -> Option<Vec<u8>> {
    let total: usize = blocks.clone().map(<[u8]>::len).sum();
    let dictionary_bytes = (total / RAW_PER_DICTIONARY_BYTE).min(DICTIONARY_BYTES_MAX);
    if dictionary_bytes < DICTIONARY_BYTES_MIN {
        return None;
    }
    let step = (total / SAMPLES_BYTES).max(1);
    let mut samples = Vec::with_capacity(SAMPLES_BYTES + SAMPLES_BYTES / 8);
    let mut sizes = Vec::new();
    for block in blocks.step_by(step) {
        for sample in block.chunks(SAMPLE_BYTES) {
            samples.extend_from_slice(sample);
            sizes.push(sample.len());
        }
    }
    zstd::dict::from_continuous(&samples, &sizes, dictionary_bytes).ok()
}

/// Twice as much saves a percent of the blocks and costs as much in the file.
const DICTIONARY_BYTES_MAX: usize = 16 * 1024;
/// A smaller dictionary is not worth the bother.
const DICTIONARY_BYTES_MIN: usize = 1024;
/// A dictionary must stay small beside what it saves.
const RAW_PER_DICTIONARY_BYTE: usize = 256;
/// What training reads: with twice as much sealing takes a tenth longer and saves nothing.
const SAMPLES_BYTES: usize = 256 * 1024;
/// Length of one sample: a few events.
const SAMPLE_BYTES: usize = 1024;
