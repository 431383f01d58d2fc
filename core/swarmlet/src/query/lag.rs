//! How far a subscription is, told to whoever asks how far it is behind.
//!
//! It is counted within a round: how many events the round has, less those that were taken or
//! passed over. What comes later is the difference of two positions of the log, so nothing is
//! counted again while nobody reads.

use std::sync::Arc;

use swarmlet_engine::event::{EventKey, Offset, Offsets};
use swarmlet_engine::log::LogReader;

use crate::metrics::{AppRecorder, Following};

/// How far a subscription of an app is. It counts as held until this is dropped.
pub(super) struct Lag {
    app: Arc<AppRecorder>,
    following: Arc<Following>,
    /// What retention had dropped of each stream when the round began, as far as the round would
    /// have reached back to it.
    dropped: Offsets,
}

impl Lag {
    /// Of a subscription from `here` on that was not read yet, where the log is at `position`.
    /// Without a log, which is being closed, nothing is left.
    pub(super) fn new(
        app: Arc<AppRecorder>,
        position: u64,
        here: &Offsets,
        log: Option<&LogReader>,
    ) -> Self {
        let (left, dropped) = log
            .map(|log| left(here, &log.present(), log))
            .unwrap_or_default();
        Self {
            following: app.follow(position, left),
            app,
            dropped,
        }
    }

    /// A round begins at `position` of the log, from `here` to `present`.
    pub(super) fn begin(
        &mut self,
        position: u64,
        here: &Offsets,
        present: &Offsets,
        log: &LogReader,
    ) {
        let (left, dropped) = left(here, present, log);
        self.dropped = dropped;
        self.following.begin(position, left);
    }

    /// What the stream of `key` has from `before` up to it was taken or passed over.
    pub(super) fn pass(&self, before: u64, key: EventKey) {
        let before = before.max(self.dropped.next(key.stream));
        let next = key.offset.get() + 1;
        self.following.advance(next.saturating_sub(before));
    }

    /// All of the round was taken or passed over.
    pub(super) fn end_round(&self) {
        self.following.advance(u64::MAX);
    }

    /// It takes no more, whatever comes.
    pub(super) fn end(&self) {
        self.following.end();
    }
}

impl Drop for Lag {
    fn drop(&mut self) {
        self.app.unfollow(&self.following);
    }
}

/// How many events there are from `here` to `present`, and what is not there any more of it.
fn left(here: &Offsets, present: &Offsets, log: &LogReader) -> (u64, Offsets) {
    let (mut left, mut dropped) = (0, Offsets::new());
    for (stream, last) in present.iter() {
        let next = here.next(stream);
        // Most streams have nothing new.
        if last.get() < next {
            continue;
        }
        let first = log.first(stream).get();
        if first > next
            && let Ok(before) = Offset::new(first - 1)
        {
            dropped.set(stream, before);
        }
        left += (last.get() + 1).saturating_sub(next.max(first));
    }
    (left, dropped)
}
