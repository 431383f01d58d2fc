//! Queries: text in, a stream of events out.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use swarmlet_engine::Result;
use swarmlet_engine::event::{Event, Offsets};

use crate::log_types::Order;
use crate::node::unwired;

/// From where to where a query looks, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryOptions {
    /// Only events after these offsets; streams that are absent from their beginning.
    pub lower: Offsets,
    /// Only events up to these offsets, nothing of streams that are absent; `None` for everything
    /// present.
    pub upper: Option<Offsets>,
    /// The order, unless the query text has an `ORDER` clause.
    pub order: Order,
}

/// The events of a query, read as they are asked for.
#[derive(Debug)]
pub struct Results {
    offsets: Offsets,
}

/// Shows where a query text is wrong, in six lines with a caret; nothing if it is not.
#[must_use]
pub fn query_mistake(aql: &str) -> Option<String> {
    let mistake = swarmlet_aql::Query::parse(aql).err()?;
    Some(mistake.caret_view())
}

impl Results {
    /// Waits until [`Results::take`] has something; `false` when there will be nothing more.
    ///
    /// Consumes nothing: dropping the future, or never calling `take`, loses no event.
    pub async fn ready(&mut self) -> Result<bool> {
        Err(unwired())
    }

    /// As [`Results::ready`], for callers without a runtime; `timeout` if nothing came in time.
    pub fn ready_blocking(&mut self, timeout: Option<Duration>) -> Result<bool> {
        let _ = timeout;
        Err(unwired())
    }

    /// Hands out up to `max` events that are ready; does not wait, possibly empty.
    pub fn take(&mut self, max: usize) -> Vec<Event> {
        let _ = max;
        Vec::new()
    }

    /// Waits for events and hands out up to `max` (at least one); nothing at the end.
    ///
    /// Cancel-safe: a dropped future has consumed nothing.
    pub async fn next_chunk(&mut self, max: usize) -> Result<Option<Vec<Event>>> {
        let _ = max;
        Err(unwired())
    }

    /// As [`Results::next_chunk`], for callers without a runtime.
    pub fn next_chunk_blocking(&mut self, max: usize) -> Result<Option<Vec<Event>>> {
        let _ = max;
        Err(unwired())
    }

    /// The lower bound from which another query continues after what was handed out: everything
    /// that matches up to here was handed out, and nothing after it.
    #[must_use]
    pub fn offsets(&self) -> &Offsets {
        &self.offsets
    }

    /// For streams of which the lower bound lies before what is still kept: the first offset
    /// that is.
    #[must_use]
    pub fn skipped(&self) -> &Offsets {
        &self.offsets
    }
}

impl Stream for Results {
    type Item = Result<Event>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Err(unwired())))
    }
}
