//! The maintenance thread: seals, merges and drops in the background, and gives up cursors that
//! nobody uses.
//!
//! Woken when something may have become due, and from time to time for retention by age. A failed
//! step is logged, counted, shown in the metrics and tried again; it never stops publishing until
//! there is no room left, and then publishers get its error. It never touches the writing end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use swarmlet_engine::log::{Maintenance, Work};
use swarmlet_engine::{Error, ErrorKind, Result};

use crate::clock::{Clock, Stopwatch};
use crate::limits::{CURSOR_UNUSED_MAX, MAINTENANCE_PERIOD, MAINTENANCE_RETRY};
use crate::metrics::{Metrics, Recorders, count};
use crate::parking::Parking;

/// How others talk to the maintenance thread.
#[derive(Debug)]
pub(crate) struct Upkeep {
    recorders: Arc<Recorders>,
    board: Mutex<Board>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Board {
    is_poked: bool,
    is_stopping: bool,
    /// Attempts so far, whatever came of them.
    attempts: u64,
    steps: u64,
    failures: u64,
    last: Outcome,
}

/// What became of the last attempt.
#[derive(Clone, Debug, Default)]
pub(crate) enum Outcome {
    #[default]
    Idle,
    Worked,
    Failed(Arc<Error>),
}

impl Upkeep {
    pub(crate) fn new(recorders: Arc<Recorders>) -> Self {
        Self {
            recorders,
            board: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Starts the thread, which runs until [`Upkeep::stop`].
    pub(crate) fn start(
        self: &Arc<Self>,
        maintenance: Maintenance,
        clock: Arc<dyn Clock>,
        parking: Arc<Parking>,
    ) -> Result<JoinHandle<()>> {
        let upkeep = self.clone();
        std::thread::Builder::new()
            .name("swarmlet-upkeep".into())
            .spawn(move || upkeep.run(maintenance, clock.as_ref(), &parking))
            .map_err(|err| Error::io("cannot start the maintenance thread", err))
    }

    /// Says that something may have become due. Cheap.
    pub(crate) fn poke(&self) {
        self.board().is_poked = true;
        self.changed.notify_all();
    }

    pub(crate) fn stop(&self) {
        self.board().is_stopping = true;
        self.changed.notify_all();
    }

    /// Pokes, and waits for what came of the next attempt that ends.
    pub(crate) fn attempt(&self) -> Outcome {
        let mut board = self.board();
        let before = board.attempts;
        board.is_poked = true;
        self.changed.notify_all();
        while board.attempts == before && !board.is_stopping {
            board = self
                .changed
                .wait(board)
                .unwrap_or_else(PoisonError::into_inner);
        }
        board.last.clone()
    }

    /// Adds what is known here to a snapshot.
    pub(crate) fn fill(&self, metrics: &mut Metrics) {
        let board = self.board();
        metrics.maintenance_steps = board.steps;
        metrics.maintenance_failures = board.failures;
        metrics.maintenance_error = match &board.last {
            Outcome::Failed(error) => Some(error.to_string()),
            Outcome::Idle | Outcome::Worked => None,
        };
    }

    fn run(&self, mut maintenance: Maintenance, clock: &dyn Clock, parking: &Parking) {
        while !self.board().is_stopping {
            parking.clear(CURSOR_UNUSED_MAX);
            let taken = Stopwatch::start();
            match attempt(&mut maintenance, clock) {
                Ok(Some(work)) => {
                    tracing::debug!(?work, "maintained the log");
                    if work != Work::Spare {
                        self.recorders.compaction.record(taken.elapsed());
                    }
                    self.note(Outcome::Worked);
                }
                Ok(None) => {
                    self.note(Outcome::Idle);
                    self.sleep(MAINTENANCE_PERIOD);
                }
                Err(error) => {
                    tracing::error!(%error, "maintenance of the log failed; it is tried again");
                    self.note(Outcome::Failed(Arc::new(error)));
                    self.sleep(MAINTENANCE_RETRY);
                }
            }
        }
    }

    fn note(&self, outcome: Outcome) {
        let mut board = self.board();
        board.attempts += 1;
        match &outcome {
            Outcome::Idle => {}
            Outcome::Worked => board.steps += 1,
            Outcome::Failed(error) => {
                board.failures += 1;
                // What is tried again is found once more, each time.
                let is_new = !matches!(board.last, Outcome::Failed(_));
                if is_new && error.kind() == ErrorKind::Corrupt {
                    count(&self.recorders.corruptions);
                }
            }
        }
        board.last = outcome;
        self.changed.notify_all();
    }

    fn sleep(&self, longest: Duration) {
        let is_quiet = |board: &mut Board| !board.is_poked && !board.is_stopping;
        let waited = self
            .changed
            .wait_timeout_while(self.board(), longest, is_quiet);
        let (mut board, _) = waited.unwrap_or_else(PoisonError::into_inner);
        board.is_poked = false;
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One step; a panic in it is a failure like others and does not end the thread.
fn attempt(maintenance: &mut Maintenance, clock: &dyn Clock) -> Result<Option<Work>> {
    let _span = tracing::debug_span!("maintenance").entered();
    let step = AssertUnwindSafe(|| maintenance.step(clock.now()));
    catch_unwind(step).unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::Internal,
            "maintenance of the log panicked",
        ))
    })
}
