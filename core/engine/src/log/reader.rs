//! The reading end of the log.

use std::sync::Arc;

use super::ceilings::Ceilings;
use super::cursor::Cursor;
use super::query::Query;
use super::runs::{EncodedRun, batch_with, read_run};
use super::shared::Shared;
use super::stats::LogStats;
use crate::error::{Error, Result};
use crate::event::{BatchHash, Offset, Offsets, StreamId, StreamName};

/// Reads the log; cheap to clone, any number, from any thread.
#[derive(Clone, Debug)]
pub struct LogReader {
    shared: Arc<Shared>,
}

/// A stream and what of it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamInfo {
    /// The stream.
    pub id: StreamId,
    /// Its name.
    pub name: StreamName,
    /// The first offset that can be read; larger than 0 where retention has dropped events.
    pub first: Offset,
    /// The last offset.
    pub last: Offset,
}

/// The newest batch of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamHead {
    /// Name of the stream.
    pub name: StreamName,
    /// The last offset.
    pub last: Offset,
    /// Hash of the batch's header, which stands for the whole stream.
    pub hash: BatchHash,
}

impl LogReader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// For each stream the last offset that can be read.
    #[must_use]
    pub fn present(&self) -> Offsets {
        self.clamped(self.shared.shown(super::heads::Heads::offsets))
    }

    /// For each stream the last offset that can be read and is durable here. What was received is
    /// shown a little before it is; peers are told of it only then.
    #[must_use]
    pub fn durable(&self) -> Offsets {
        self.clamped(self.shared.heads(super::heads::Heads::offsets))
    }

    fn clamped(&self, present: Offsets) -> Offsets {
        let ceilings = self.shared.ceilings();
        if ceilings.is_empty() {
            return present;
        }
        let shown = |(stream, last)| Some((stream, ceilings.clamp(stream, last)?));
        present.iter().filter_map(shown).collect()
    }

    /// Sets how far the streams of revoked authors are shown. What lies above is as if it was not
    /// there: for reads that begin from here on, and for [`LogReader::present`] at once.
    pub fn set_ceilings(&self, ceilings: Ceilings) {
        self.shared.set_ceilings(ceilings);
    }

    /// Events committed since the log was opened. It grows with every commit, after the events
    /// are durable and readable.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.shared.position()
    }

    /// All streams, in stream id order.
    #[must_use]
    pub fn streams(&self) -> Vec<StreamInfo> {
        let snapshot = self.shared.snapshot();
        let ceilings = self.shared.ceilings();
        let first = |stream| {
            snapshot
                .floors
                .of(stream)
                .map_or(Offset::ZERO, |floor| floor.first)
        };
        self.shared.shown(|heads| {
            let info = |(id, head): (StreamId, &super::heads::Head)| {
                Some(StreamInfo {
                    id,
                    name: head.name.clone(),
                    first: first(id),
                    last: ceilings.clamp(id, head.last)?,
                })
            };
            heads.iter().filter_map(info).collect()
        })
    }

    /// Starts a bounded read. An upper bound must name streams and offsets that are present.
    pub fn query(&self, query: &Query) -> Result<Cursor> {
        let upper = self.upper(query)?;
        Cursor::new(&self.shared, query, upper)
    }

    /// The upper bound of a query; its own must be within what is present.
    pub(super) fn upper(&self, query: &Query) -> Result<Offsets> {
        let present = self.present();
        let Some(upper) = &query.upper else {
            return Ok(present);
        };
        check_upper(upper, &present)?;
        Ok(upper.clone())
    }

    /// The name of `stream`, if anything of it can be read.
    #[must_use]
    pub fn name(&self, stream: StreamId) -> Option<StreamName> {
        self.shared
            .shown(|heads| heads.head(stream).map(|head| head.name.clone()))
    }

    /// The newest batch of `stream` that is durable here, if anything of it is.
    #[must_use]
    pub fn head(&self, stream: StreamId) -> Option<StreamHead> {
        self.shared.heads(|heads| {
            heads.head(stream).map(|head| StreamHead {
                name: head.name.clone(),
                last: head.last,
                hash: head.hash,
            })
        })
    }

    /// The first offset from which on `stream` is durable here: 0 unless retention has dropped its
    /// beginning, or it never came.
    #[must_use]
    pub fn first(&self, stream: StreamId) -> Offset {
        let snapshot = self.shared.snapshot();
        let floor = snapshot.durable_floors.of(stream);
        floor.map_or(Offset::ZERO, |floor| floor.first)
    }

    /// The run of `stream` that begins with the batch at `from`, to be sent to another node: at
    /// least up to the next signature, and about a quarter of a megabyte where there is so much.
    /// `None` if no batch that is here begins there.
    ///
    /// # Errors
    ///
    /// `corrupt` with file and position if what was written has changed, `storage`.
    pub fn read_run(&self, stream: StreamId, from: Offset) -> Result<Option<EncodedRun>> {
        read_run(&self.shared, stream, from)
    }

    /// As [`LogReader::read_run`], from the batch on that has the event at `offset`: it proves to
    /// others what is here at this place.
    ///
    /// # Errors
    ///
    /// As [`LogReader::read_run`].
    pub fn read_run_with(&self, stream: StreamId, offset: Offset) -> Result<Option<EncodedRun>> {
        let batch = batch_with(&self.shared, stream, offset)?;
        match batch {
            Some(batch) => self.read_run(stream, batch.first_offset),
            None => Ok(None),
        }
    }

    /// Whether the batch of `stream` that ends at `last` is the one whose header has this hash.
    /// `None` if that cannot be told, since it is not here.
    ///
    /// # Errors
    ///
    /// As [`LogReader::read_run`].
    pub fn agrees(&self, stream: StreamId, last: Offset, hash: BatchHash) -> Result<Option<bool>> {
        let Some(head) = self.head(stream).filter(|head| head.last >= last) else {
            return Ok(None);
        };
        if head.last == last {
            return Ok(Some(head.hash == hash));
        }
        let next = last.advanced(1)?;
        let after = batch_with(&self.shared, stream, next)?;
        Ok(after.map(|after| after.first_offset == next && after.previous == hash))
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Counters and sizes.
    #[must_use]
    pub fn stats(&self) -> LogStats {
        self.shared.stats()
    }
}

fn check_upper(upper: &Offsets, present: &Offsets) -> Result<()> {
    for (stream, offset) in upper.iter() {
        if !present.contains(stream, offset) {
            let known = present
                .last(stream)
                .map_or_else(|| "nothing".into(), |o| o.to_string());
            return Err(
                Error::invalid("the upper bound must be within what is present")
                    .with("stream", stream)
                    .with("bound", offset)
                    .with("present", known),
            );
        }
    }
    Ok(())
}
