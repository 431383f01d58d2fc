//! What was taken last, which a front hands out one by one, and how far each piece of it reaches.

use std::sync::{Mutex, PoisonError};

use swarmlet::{EventKey, Offsets, Output};

use super::handle::Stream;
use crate::failure::Result;

/// The outputs that were taken last from a stream, which has one reader: whoever takes a chunk and
/// hands it out piece by piece asks here for its offsets, not the stream, which is further.
#[derive(Default)]
pub struct Taken(Mutex<Chunk>);

#[derive(Default)]
struct Chunk {
    /// How far what was taken before it reached.
    before: Offsets,
    /// What is dealt with once each of its outputs is.
    settled: Vec<Option<EventKey>>,
}

impl Taken {
    /// Takes at most `max` outputs of those that are there. Never waits.
    pub fn take(&self, stream: &Stream, max: usize) -> Result<Vec<Output>> {
        self.take_by(stream, |stream| stream.take(max))
    }

    /// Takes from the stream as `take` does it, for those who have bounds of their own.
    pub fn take_by(
        &self,
        stream: &Stream,
        take: impl FnOnce(&Stream) -> Result<Vec<Output>>,
    ) -> Result<Vec<Output>> {
        let before = stream.offsets()?;
        let outputs = take(stream)?;
        let settled = outputs.iter().map(|output| output.settled).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Chunk { before, settled };
        Ok(outputs)
    }

    /// How far the first `handed` of the outputs that were taken last reach, together with all that
    /// was taken before. Once all are handed out that is how far the stream is, also over what it
    /// has passed since.
    pub fn offsets_at(&self, stream: &Stream, handed: usize) -> Result<Offsets> {
        // First, so that a forked child is refused before it could wait for a lock.
        let all = stream.offsets()?;
        let chunk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(settled) = chunk.settled.get(..handed) else {
            return Ok(all);
        };
        if handed == chunk.settled.len() {
            return Ok(all);
        }
        let mut offsets = chunk.before.clone();
        for key in settled.iter().flatten() {
            offsets.advance(key.stream, key.offset);
        }
        Ok(offsets)
    }
}
