//! What queries and subscriptions give to their callers, as they ask for it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use swarmlet_engine::event::Offsets;
use swarmlet_engine::{Error, ErrorKind, Result};

use super::output::{Item, Output, Row};
use super::pull::{Place, Pull, Until};
use crate::clock::Stopwatch;
use crate::limits::{CHUNK_EVENTS, CHUNK_EVENTS_MAX};
use crate::metrics::{count, discount};
use crate::park::block_on_for;

/// The results of a query, or of a subscription: then there is no end to them.
///
/// They are read as they are asked for. [`Results::next_chunk`] and the stream give rows and
/// nothing else; [`Results::next_outputs`] gives all there is to know, in order.
#[derive(Debug)]
pub struct Results {
    pull: Pull,
    sort: Sort,
    is_failed: bool,
}

/// What the results are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Query,
    Subscription,
}

/// Shows where a query text is wrong, in six lines with a caret; nothing if it is not.
#[must_use]
pub fn query_mistake(aql: &str) -> Option<String> {
    let mistake = swarmlet_aql::Query::parse(aql).err()?;
    Some(mistake.caret_view())
}

impl Results {
    pub(super) fn new(pull: Pull, sort: Sort) -> Self {
        let results = Self {
            pull,
            sort,
            is_failed: false,
        };
        if let Some(counter) = results.counter() {
            count(counter);
        }
        results
    }

    /// Waits for rows and hands out up to `max` (at least one); nothing at the end.
    ///
    /// Warnings and rows that are taken back are left out. Cancel-safe: a dropped future has
    /// consumed no row.
    ///
    /// # Errors
    ///
    /// What reading the log fails with; reading can be tried again. `invalid_query` if the query
    /// ended with an error diagnostic, `closed` if it ended with time travel.
    pub async fn next_chunk(&mut self, max: usize) -> Result<Option<Vec<Row>>> {
        let max = max.clamp(1, CHUNK_EVENTS_MAX);
        while self.await_ready(max).await? {
            let rows = self.take_rows(max)?;
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }

    /// As [`Results::next_chunk`], for callers without a runtime.
    pub fn next_chunk_blocking(&mut self, max: usize) -> Result<Option<Vec<Row>>> {
        self.next_chunk_within(max, None)
    }

    /// As [`Results::next_chunk_blocking`]; `timeout` if no row came in time, and nothing is lost.
    pub fn next_chunk_within(
        &mut self,
        max: usize,
        timeout: Option<Duration>,
    ) -> Result<Option<Vec<Row>>> {
        let max = max.clamp(1, CHUNK_EVENTS_MAX);
        let waited = Stopwatch::start();
        let left = || timeout.map(|timeout| timeout.saturating_sub(waited.elapsed()));
        while self.block_ready(max, left())? {
            let rows = self.take_rows(max)?;
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }

    /// Waits for outputs of any sort and hands out up to `max` (at least one); nothing at the end.
    ///
    /// Cancel-safe: a dropped future has consumed nothing.
    pub async fn next_outputs(&mut self, max: usize) -> Result<Option<Vec<Output>>> {
        let max = max.clamp(1, CHUNK_EVENTS_MAX);
        let is_ready = self.await_ready(max).await?;
        Ok(is_ready.then(|| self.take(max)))
    }

    /// As [`Results::next_outputs`], for callers without a runtime.
    pub fn next_outputs_blocking(&mut self, max: usize) -> Result<Option<Vec<Output>>> {
        let max = max.clamp(1, CHUNK_EVENTS_MAX);
        let is_ready = self.block_ready(max, None)?;
        Ok(is_ready.then(|| self.take(max)))
    }

    /// Waits until [`Results::take`] has something; `false` when there will be nothing more.
    ///
    /// Consumes nothing: dropping the future, or never calling `take`, loses no result.
    pub async fn ready(&mut self) -> Result<bool> {
        self.await_ready(CHUNK_EVENTS).await
    }

    /// As [`Results::ready`], for callers without a runtime; `timeout` if nothing came in time.
    pub fn ready_blocking(&mut self, timeout: Option<Duration>) -> Result<bool> {
        self.block_ready(CHUNK_EVENTS, timeout)
    }

    /// Waits until there may be something new. It reads nothing, so whoever has many subscriptions
    /// and is slow holds nothing of any of them, and reads with [`Results::read_outputs`] when
    /// there is room for it.
    ///
    /// Also done at the end and after an error, which the next read tells of. Cancel-safe.
    pub async fn changed(&mut self) {
        poll_fn(|context| self.pull.poll_news(context)).await;
    }

    /// Reads the log at most once and hands out up to `max` (at least one) of what came of it:
    /// possibly none, as what is new need not match; nothing at the end.
    ///
    /// It does not wait for anything to happen, and what it does not hand out it does not read,
    /// but for the results of an aggregation. Cancel-safe: a dropped future has consumed nothing.
    pub async fn read_outputs(&mut self, max: usize) -> Result<Option<Vec<Output>>> {
        let max = max.clamp(1, CHUNK_EVENTS_MAX);
        let poll = |context: &mut Context<'_>| {
            self.pull.poll_until(Until::Read, context, Place::Pool, max)
        };
        let outcome = poll_fn(poll).await;
        let is_open = outcome.map_err(|error| self.named(error))?;
        Ok(is_open.then(|| self.take(max)))
    }

    /// Hands out up to `max` outputs that are ready; does not wait, possibly empty.
    pub fn take(&mut self, max: usize) -> Vec<Output> {
        self.pull.take(max)
    }

    /// Where another query or subscription goes on after what was handed out: store it with what
    /// was made of the rows, and nothing is missed or repeated.
    ///
    /// Aggregated results stand for all events up to these offsets; what goes on from here
    /// aggregates what comes after them.
    #[must_use]
    pub fn offsets(&self) -> &Offsets {
        self.pull.offsets()
    }

    /// The streams of which retention has dropped something before it was read, with the first
    /// offset that was still here. It may grow while results are being read.
    #[must_use]
    pub fn skipped(&self) -> &Offsets {
        self.pull.skipped()
    }

    /// How many events were read from the log so far, also to see that they do not match; those
    /// that sub-queries read are not counted.
    #[must_use]
    pub fn events_read(&self) -> u64 {
        self.pull.events_read()
    }

    fn take_rows(&mut self, max: usize) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for output in self.pull.take(max) {
            match (output.item.to_error(), output.item) {
                (None, Item::Row(row)) => rows.push(row),
                (None, Item::Diagnostic(diagnostic)) => {
                    tracing::debug!(%diagnostic, "a query has no result for an event");
                }
                (None, _) => {}
                // It is the last output, so what came before it is handed out first.
                (Some(_), last) if !rows.is_empty() => self.pull.put_back(last),
                (Some(error), _) => return Err(self.named(error)),
            }
        }
        Ok(rows)
    }

    async fn await_ready(&mut self, outputs_max: usize) -> Result<bool> {
        let ready = poll_fn(|context| self.pull.poll_ready(context, Place::Pool, outputs_max));
        let outcome = ready.await;
        outcome.map_err(|error| self.named(error))
    }

    fn block_ready(&mut self, outputs_max: usize, timeout: Option<Duration>) -> Result<bool> {
        let ready = poll_fn(|context| self.pull.poll_ready(context, Place::Caller, outputs_max));
        let outcome = block_on_for(ready, timeout).unwrap_or_else(|| Err(timed_out()));
        outcome.map_err(|error| self.named(error))
    }

    fn named(&self, error: Error) -> Error {
        error.during(match self.sort {
            Sort::Query => "query",
            Sort::Subscription => "subscribe",
        })
    }

    /// What counts these results while they are held; subscriptions are counted by their apps.
    fn counter(&self) -> Option<&AtomicU64> {
        let is_query = self.sort == Sort::Query;
        is_query.then(|| &self.pull.state().recorders.results_open)
    }
}

impl Drop for Results {
    fn drop(&mut self) {
        if let Some(counter) = self.counter() {
            discount(counter);
        }
    }
}

impl Stream for Results {
    type Item = Result<Row>;

    /// Ends after the first error.
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while !self.is_failed {
            let is_ready = ready!(self.pull.poll_ready(context, Place::Pool, CHUNK_EVENTS));
            let rows = match is_ready {
                Ok(true) => self.take_rows(1),
                Ok(false) => return Poll::Ready(None),
                Err(error) => Err(self.named(error)),
            };
            match rows.map(|mut rows| rows.pop()) {
                Ok(Some(row)) => return Poll::Ready(Some(Ok(row))),
                Ok(None) => {}
                Err(error) => {
                    self.is_failed = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        Poll::Ready(None)
    }
}

fn timed_out() -> Error {
    Error::new(ErrorKind::Timeout, "no result came in time")
}
