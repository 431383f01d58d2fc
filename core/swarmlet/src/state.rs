//! What readers and the writer of a node share: how far the log is, and whether it is still open.
//!
//! Waking a reader carries a position, never an event. The gate keeps the log open while a read is
//! in progress and refuses reads once the node is closing; nothing here waits for the disk.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, TryLockError};
use std::time::Duration;

use swarmlet_engine::event::{Incarnation, NodeId};
use swarmlet_engine::log::{LogReader, LogStats};
use swarmlet_engine::{Error, ErrorKind, Result};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::metrics::Recorders;
use crate::parking::Parking;

/// How far the node is, as those who follow it are woken by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Events that came since the node was opened.
    pub(crate) position: u64,
    pub(crate) phase: Phase,
}

/// The life of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// Queued events are still written; nothing new is accepted.
    Closing,
    Closed,
}

/// Shared by all handles, results and subscriptions of a node and by its threads.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) id: NodeId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) recorders: Arc<Recorders>,
    pub(crate) parking: Arc<Parking>,
    /// Wakes readers: how much they can see.
    shown: watch::Sender<Progress>,
    /// Wakes the sync thread: how much is durable.
    durable: watch::Sender<Progress>,
    gate: RwLock<Option<LogReader>>,
    last: Mutex<Last>,
}

/// What remains of a closed log.
#[derive(Debug, Default)]
struct Last {
    stats: LogStats,
    failure: Option<Error>,
}

/// The log, kept open while this is held.
pub(crate) struct OpenLog<'a>(RwLockReadGuard<'a, Option<LogReader>>);

impl State {
    pub(crate) fn new(
        id: NodeId,
        reader: LogReader,
        clock: Arc<dyn Clock>,
        recorders: Arc<Recorders>,
    ) -> Self {
        let start = Progress {
            position: 0,
            phase: Phase::Open,
        };
        Self {
            id,
            clock,
            recorders,
            parking: Arc::default(),
            shown: watch::Sender::new(start),
            durable: watch::Sender::new(start),
            gate: RwLock::new(Some(reader)),
            last: Mutex::default(),
        }
    }

    /// The log for reading; `closed` if the node is closing. Does not wait.
    pub(crate) fn log(&self) -> Result<OpenLog<'_>> {
        self.check_open()?;
        // Only closing takes the gate for writing, so whoever finds it taken is too late.
        let guard = match self.gate.try_read() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(closed()),
        };
        if guard.is_some() {
            Ok(OpenLog(guard))
        } else {
            Err(closed())
        }
    }

    /// A reader of its own, for the sync thread, which ends before the log is closed.
    pub(crate) fn reader(&self) -> Result<LogReader> {
        self.log().map(|log| LogReader::clone(&log))
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        match self.shown.borrow().phase {
            Phase::Open => Ok(()),
            Phase::Closing | Phase::Closed => Err(closed()),
        }
    }

    /// Something to wait on for events to read.
    pub(crate) fn watch(&self) -> watch::Receiver<Progress> {
        self.shown.subscribe()
    }

    /// Something to wait on for events that peers can be told of.
    pub(crate) fn watch_durable(&self) -> watch::Receiver<Progress> {
        self.durable.subscribe()
    }

    /// Says that readers see so many more events.
    pub(crate) fn note_shown(&self, events: u64) {
        note(&self.shown, events);
    }

    /// Says that so many more events are durable.
    pub(crate) fn note_durable(&self, events: u64) {
        note(&self.durable, events);
    }

    /// From here on nothing new is accepted.
    pub(crate) fn begin_close(&self) {
        for progress in [&self.shown, &self.durable] {
            progress.send_if_modified(|progress| {
                let is_first = progress.phase == Phase::Open;
                if is_first {
                    progress.phase = Phase::Closing;
                }
                is_first
            });
        }
    }

    /// Waits for reads in progress, lets no further one in, and lets go of the log's files.
    pub(crate) fn shut_gate(&self) {
        let reader = self
            .gate
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(reader) = reader {
            self.last
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .stats = reader.stats();
        }
        self.parking.clear(Duration::ZERO);
    }

    /// Wakes whoever waits for the node to be closed.
    pub(crate) fn end_close(&self, outcome: Result<()>) {
        if let Err(error) = outcome {
            tracing::error!(node = %self.id, %error, "closing the log failed");
            self.last
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .failure = Some(error);
        }
        for progress in [&self.shown, &self.durable] {
            progress.send_modify(|progress| progress.phase = Phase::Closed);
        }
    }

    /// Waits until the node is closed; the failure, if there was one, goes to who asks first.
    pub(crate) async fn closed(&self) -> Result<()> {
        let mut progress = self.watch();
        let waited = progress
            .wait_for(|progress| progress.phase == Phase::Closed)
            .await;
        waited.expect("the sender is borrowed with self");
        let failure = self
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .failure
            .take();
        failure.map_or(Ok(()), Err)
    }

    /// How many events came since the node was opened, as readers see it.
    pub(crate) fn position(&self) -> u64 {
        self.shown.borrow().position
    }

    /// How many incarnations of this device wrote streams that are here, or write them now; after
    /// closing only the last.
    pub(crate) fn epochs(&self, now: u64) -> u64 {
        let mut epochs = BTreeSet::from([now]);
        if let Ok(Some(reader)) = self.gate.try_read().as_deref() {
            let present = reader.present();
            let own = present.iter().filter(|(stream, _)| stream.node == self.id);
            epochs.extend(own.map(|(stream, _)| Incarnation::of(stream.number).get()));
        }
        epochs.len() as u64
    }

    /// What the log counts; after closing, what it had counted.
    pub(crate) fn log_stats(&self) -> LogStats {
        match self.gate.try_read().as_deref() {
            Ok(Some(reader)) => reader.stats(),
            _ => {
                self.last
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .stats
            }
        }
    }
}

impl std::ops::Deref for OpenLog<'_> {
    type Target = LogReader;

    fn deref(&self) -> &LogReader {
        self.0.as_ref().expect("checked when the guard was taken")
    }
}

/// Wakes nobody for nothing.
fn note(progress: &watch::Sender<Progress>, events: u64) {
    progress.send_if_modified(|progress| {
        progress.position += events;
        events > 0
    });
}

pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the node was closed")
}
