//! Queries: text in, a stream of events out.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use swarmlet_engine::event::{Event, Offsets};
use swarmlet_engine::log::Order;
use swarmlet_engine::{Error, ErrorKind, Result};

use crate::limits::{CHUNK_EVENTS, CHUNK_EVENTS_MAX};
use crate::metrics::{count, discount};
use crate::park::block_on_for;
use crate::pull::{Place, Pull};

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
    pull: Pull,
    is_failed: bool,
}

/// Shows where a query text is wrong, in six lines with a caret; nothing if it is not.
#[must_use]
pub fn query_mistake(aql: &str) -> Option<String> {
    let mistake = swarmlet_aql::Query::parse(aql).err()?;
    Some(mistake.caret_view())
}

impl Results {
    pub(crate) fn new(pull: Pull) -> Self {
        count(&pull.state().recorders.results_open);
        Self {
            pull,
            is_failed: false,
        }
    }

    /// Waits until [`Results::take`] has something; `false` when there will be nothing more.
    ///
    /// Consumes nothing: dropping the future, or never calling `take`, loses no event.
    pub async fn ready(&mut self) -> Result<bool> {
        self.await_ready(CHUNK_EVENTS).await
    }

    /// As [`Results::ready`], for callers without a runtime; `timeout` if nothing came in time.
    pub fn ready_blocking(&mut self, timeout: Option<Duration>) -> Result<bool> {
        self.block_ready(CHUNK_EVENTS, timeout)
    }

    /// Hands out up to `max` events that are ready; does not wait, possibly empty.
    pub fn take(&mut self, max: usize) -> Vec<Event> {
        self.pull.take(max)
    }

    /// Waits for events and hands out up to `max` (at least one); nothing at the end.
    ///
    /// Cancel-safe: a dropped future has consumed nothing.
    pub async fn next_chunk(&mut self, max: usize) -> Result<Option<Vec<Event>>> {
        let max = max.clamp(1, CHUNK_EVENTS_MAX);
        let is_ready = self.await_ready(max).await?;
        Ok(is_ready.then(|| self.take(max)))
    }

    /// As [`Results::next_chunk`], for callers without a runtime.
    pub fn next_chunk_blocking(&mut self, max: usize) -> Result<Option<Vec<Event>>> {
        let max = max.clamp(1, CHUNK_EVENTS_MAX);
        let is_ready = self.block_ready(max, None)?;
        Ok(is_ready.then(|| self.take(max)))
    }

    /// The lower bound from which another query continues after what was handed out: everything
    /// that matches up to here was handed out, and nothing after it.
    #[must_use]
    pub fn offsets(&self) -> &Offsets {
        self.pull.offsets()
    }

    /// The streams of which retention has dropped something that the query asked for, with the
    /// first offset that is still here. It may grow while results are being read.
    #[must_use]
    pub fn skipped(&self) -> &Offsets {
        self.pull.skipped()
    }

    async fn await_ready(&mut self, events_max: usize) -> Result<bool> {
        let ready = poll_fn(|context| self.pull.poll_ready(context, Place::Pool, events_max));
        ready.await.map_err(|error| error.during("query"))
    }

    fn block_ready(&mut self, events_max: usize, timeout: Option<Duration>) -> Result<bool> {
        let ready = poll_fn(|context| self.pull.poll_ready(context, Place::Caller, events_max));
        let outcome = block_on_for(ready, timeout).unwrap_or_else(|| Err(timed_out()));
        outcome.map_err(|error| error.during("query"))
    }
}

impl Drop for Results {
    fn drop(&mut self) {
        discount(&self.pull.state().recorders.results_open);
    }
}

impl Stream for Results {
    type Item = Result<Event>;

    /// Ends after the first error.
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_failed {
            return Poll::Ready(None);
        }
        let is_ready = ready!(self.pull.poll_ready(context, Place::Pool, CHUNK_EVENTS));
        Poll::Ready(match is_ready {
            Ok(true) => self.pull.take(1).pop().map(Ok),
            Ok(false) => None,
            Err(error) => {
                self.is_failed = true;
                Some(Err(error.during("query")))
            }
        })
    }
}

fn timed_out() -> Error {
    Error::new(ErrorKind::Timeout, "no event came in time")
}
