//! A commit on its way: the requests of a group, sorted, and what came of writing them.

use std::thread;

use swarmlet_engine::Result;
use swarmlet_engine::event::{Incarnation, Run, Timestamp};
use swarmlet_engine::log::{Log, Publish};

use super::queue::{Caller, Request, Stored};
use crate::clock::Stopwatch;

/// The requests of a group, each kind in its order.
#[derive(Default)]
pub(super) struct Group {
    pub(super) publishes: Vec<Publish>,
    pub(super) runs: Vec<Run>,
    pub(super) answers: Answers,
    /// Comes before the others.
    pub(super) incarnation: Option<Incarnation>,
}

/// Who waits to be told what became of a group.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) callers: Vec<Caller>,
    pub(super) stored: Vec<Stored>,
}

/// A log with a group that is written and waits for its sync.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) log: Box<Log>,
    pub(super) answers: Answers,
    /// Its bytes and events.
    pub(super) size: usize,
    pub(super) taken: Stopwatch,
    pub(super) span: tracing::Span,
    /// What came of writing it: since when readers see what of it was received. The outer error is
    /// a panic.
    pub(super) written: thread::Result<Result<Timestamp>>,
}

impl Group {
    pub(super) fn of(requests: Vec<Request>) -> Self {
        let mut group = Self::default();
        for request in requests {
            match request {
                Request::Publish(publish, caller) => {
                    group.publishes.push(publish);
                    group.answers.callers.push(caller);
                }
                Request::Run(run, stored) => {
                    group.runs.push(run);
                    group.answers.stored.push(stored);
                }
                Request::Incarnation(incarnation) => group.incarnation = Some(incarnation),
            }
        }
        group
    }
}
