//! Reading runs back, to send them to other nodes, byte for byte as they were received or written.

use std::sync::Arc;

use super::shared::Shared;
use super::unsealed::Unsealed;
use crate::error::{Error, Result};
use crate::event::{BatchHeader, Offset, StreamId};
use crate::limits::{RUN_BYTES_MAX, RUN_BYTES_WANTED};
use crate::segment::Segment;

/// The next run of a stream, encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRun {
    /// Its batches, one after the other; the last one is signed.
    pub bytes: Vec<u8>,
    /// Offset of its last event.
    pub last: Offset,
}

/// The run of `stream` that begins with the batch at `from`: as many batches as are wanted in one
/// run and lie in one file. `None` if no batch that is here begins there.
pub(super) fn read_run(
    shared: &Shared,
    stream: StreamId,
    from: Offset,
) -> Result<Option<EncodedRun>> {
    let snapshot = shared.snapshot();
    for file in snapshot.files.iter().rev() {
        if let Some(run) = from_file(file, stream, from)? {
            return Ok(Some(run));
        }
    }
    let holds = |segment: &&Arc<Segment>| {
        let entry = segment.stream(stream);
        entry.is_some_and(|entry| entry.first <= from && from <= entry.last)
    };
    match snapshot.segments.iter().find(holds) {
        Some(segment) => from_segment(segment, stream, from),
        None => Ok(None),
    }
}

/// The header of the batch of `stream` that has the event at `offset`, if it is here.
pub(super) fn batch_with(
    shared: &Shared,
    stream: StreamId,
    offset: Offset,
) -> Result<Option<BatchHeader>> {
    let snapshot = shared.snapshot();
    let mut bytes = Vec::new();
    for file in snapshot.files.iter().rev() {
        let span = file.index().batch_with(stream, offset);
        if let Some(span) = span {
            let batch = file.read_batch(&span, &mut bytes)?;
            return Ok(Some(batch.header));
        }
    }
    let holds = |segment: &&Arc<Segment>| {
        let entry = segment.stream(stream);
        entry.is_some_and(|entry| entry.first <= offset && offset <= entry.last)
    };
    let Some(segment) = snapshot.segments.iter().find(holds) else {
        return Ok(None);
    };
    let batch = segment.batches(stream, offset)?.next().transpose()?;
    let header = batch.map(|batch| batch.header);
    Ok(header.filter(|header| header.first_offset <= offset))
}

fn from_file(file: &Unsealed, stream: StreamId, from: Offset) -> Result<Option<EncodedRun>> {
    let spans = file.index().batches_from(stream, from);
    let mut run = Growing::default();
    let mut bytes = Vec::new();
    for span in spans {
        let batch = file.read_batch(&span, &mut bytes)?;
        let last = batch.signature.map(|_| batch.header.last_offset());
        if run.push(&bytes, last)? {
            break;
        }
    }
    Ok(run.finish())
}

fn from_segment(
    segment: &Arc<Segment>,
    stream: StreamId,
    from: Offset,
) -> Result<Option<EncodedRun>> {
    let mut run = Growing::default();
    let mut bytes = Vec::new();
    for batch in segment.batches(stream, from)? {
        let batch = batch?;
        if run.bytes.is_empty() && batch.header.first_offset != from {
            return Ok(None);
        }
        bytes.clear();
        batch.encode(&mut bytes);
        let last = batch.signature.map(|_| batch.header.last_offset());
        if run.push(&bytes, last)? {
            break;
        }
    }
    Ok(run.finish())
}

/// A run being put together: complete up to its last signed batch.
#[derive(Default)]
struct Growing {
    bytes: Vec<u8>,
    complete: Option<(usize, Offset)>,
}

impl Growing {
    /// Adds a batch; `signed` is its last offset if it is signed. Says whether that is enough.
    fn push(&mut self, batch: &[u8], signed: Option<Offset>) -> Result<bool> {
        let len = self.bytes.len() + batch.len();
        if len > RUN_BYTES_MAX {
            let is_complete = self.complete.is_some();
            let error = || Error::corrupt("too many bytes without a signature").with("bytes", len);
            return is_complete.then_some(true).ok_or_else(error);
        }
        self.bytes.extend_from_slice(batch);
        if let Some(last) = signed {
            self.complete = Some((self.bytes.len(), last));
        }
        Ok(signed.is_some() && self.bytes.len() >= RUN_BYTES_WANTED)
    }

    fn finish(mut self) -> Option<EncodedRun> {
        let (len, last) = self.complete?;
        self.bytes.truncate(len);
        let bytes = self.bytes;
        Some(EncodedRun { bytes, last })
    }
}
