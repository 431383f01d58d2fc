//! Subscriptions: durable cursors on the log.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use swarmlet_engine::Result;
use swarmlet_engine::event::{Event, Offsets};

use crate::node::unwired;

/// Where a subscription starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscribeOptions {
    /// Only events after these offsets; empty for everything from the beginning.
    pub from: Offsets,
}

/// All matching events, first those present, then those to come.
#[derive(Debug)]
pub struct Subscription {
    offsets: Offsets,
}

impl Subscription {
    /// Waits until [`Subscription::take`] has something; `false` when there will be nothing more.
    ///
    /// Consumes nothing: dropping the future, or never calling `take`, loses no event.
    pub async fn ready(&mut self) -> Result<bool> {
        Err(unwired())
    }

    /// As [`Subscription::ready`], for callers without a runtime; `timeout` if nothing came in time.
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

    /// As [`Subscription::next_chunk`], for callers without a runtime.
    pub fn next_chunk_blocking(&mut self, max: usize) -> Result<Option<Vec<Event>>> {
        let _ = max;
        Err(unwired())
    }

    /// Where to resume: store it with what was made of the events handed out, and nothing is
    /// missed or repeated.
    #[must_use]
    pub fn offsets(&self) -> &Offsets {
        &self.offsets
    }

    /// For streams of which the subscription's start lies before what is still kept: the first
    /// offset that is.
    #[must_use]
    pub fn skipped(&self) -> &Offsets {
        &self.offsets
    }
}

impl Stream for Subscription {
    type Item = Result<Event>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Err(unwired())))
    }
}
