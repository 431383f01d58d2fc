//! One run: a log, the disk below it, the model beside it, and whatever befalls them.
//!
//! This file keeps the state and judges errors; what happens is in `actions`, what must hold after
//! a restart in `restart`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail, ensure};
use swarmlet_engine::event::{DeviceKey, Event, Signer, Timestamp};
use swarmlet_engine::log::{Cursor, Durability, Log, LogOptions, LogReader, Maintenance};
use swarmlet_engine::storage::SimDisk;
use swarmlet_engine::storage::sim::FaultPlan;
use swarmlet_engine::{Error, ErrorKind};

use crate::found::FOUND;
use crate::met::Met;
use crate::mix::Mix;
use crate::model::{Floors, Model};
use swarmlet_sim::coverage::Coverage;
use swarmlet_sim::disk::SmallFiles;
use swarmlet_sim::random::Random;
use swarmlet_sim::seeds;
use swarmlet_sim::trace::Trace;

/// A run in progress.
pub(crate) struct World {
    pub(crate) random: Random,
    pub(crate) mix: Mix,
    pub(crate) options: LogOptions,
    pub(crate) signer: Arc<DeviceKey>,
    pub(crate) disk: SimDisk,
    pub(crate) is_recycling: Arc<AtomicBool>,
    pub(crate) running: Option<Running>,
    pub(crate) cursors: Vec<HeldCursor>,
    pub(crate) model: Model,
    pub(crate) floors: Floors,
    pub(crate) now: i64,
    pub(crate) trouble: Trouble,
    pub(crate) trace: Trace,
    pub(crate) coverage: Coverage<Met>,
}

/// An open log with its other two ends.
pub(crate) struct Running {
    pub(crate) log: Log,
    pub(crate) maintenance: Maintenance,
    pub(crate) reader: LogReader,
}

/// A read that goes on while other things happen.
pub(crate) struct HeldCursor {
    pub(crate) cursor: Cursor,
    /// What is still to come, the next one last.
    pub(crate) expected: Vec<Event>,
}

/// Why calls may fail now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trouble {
    pub(crate) is_full: bool,
    pub(crate) is_read_only: bool,
    pub(crate) has_plan: bool,
    /// A sync of the log failed: every commit must fail until the log is opened again.
    pub(crate) is_poisoned: bool,
    /// What was acknowledged without a sync may be gone after the next restart.
    pub(crate) may_lose: bool,
    /// Actions until the disk is well again.
    pub(crate) actions_left: u64,
    /// A commit failed because the disk was full, and none succeeded since.
    pub(crate) was_full: bool,
}

/// What became of a call.
#[derive(Debug)]
pub(crate) enum Attempt<T> {
    Done(T),
    /// It failed, and may have.
    Failed(ErrorKind),
    /// The power failed during the call.
    PowerLost,
}

impl seeds::World for World {
    type Met = Met;
    const MET: &'static [Met] = Met::ALL;
    const FOUND: &'static [(u64, &'static str)] = FOUND;
    const COMMAND: &'static str = "cargo run -p swarmlet-sim --";

    /// A new data folder, not yet opened.
    fn new(seed: u64, is_traced: bool) -> Self {
        let mut random = Random::new(seed ^ 0x5eed_5eed);
        let mix = Mix::draw(&mut random);
        let signer = Arc::new(DeviceKey::from_seed(&[7; 32]));
        Self {
            options: mix.options.clone(),
            model: Model::new(signer.node_id()),
            disk: SimDisk::new(seed),
            is_recycling: Arc::new(AtomicBool::new(false)),
            running: None,
            cursors: Vec::new(),
            floors: Floors::new(),
            now: 1_000_000_000,
            trouble: Trouble::default(),
            trace: Trace::new(is_traced),
            coverage: Coverage::default(),
            random,
            mix,
            signer,
        }
    }

    fn run(&mut self) -> Result<()> {
        self.live()
    }

    fn trace(&self) -> &Trace {
        &self.trace
    }

    fn coverage(&self) -> &Coverage<Met> {
        &self.coverage
    }

    fn events(&self) -> u64 {
        self.model.len() as u64
    }
}

impl World {
    /// The disk as the log sees it.
    pub(crate) fn small_files(&self) -> SmallFiles {
        SmallFiles {
            disk: self.disk.clone(),
            log_file_bytes: self.mix.log_file_bytes,
            is_recycling: self.is_recycling.clone(),
        }
    }

    /// The time of the next call; once in a while somebody sets the clock back.
    pub(crate) fn tick(&mut self) -> Timestamp {
        self.now += self.random.below(2000) as i64;
        if self.random.percent(1) {
            self.now -= self.random.below(50_000) as i64;
        }
        Timestamp::from_micros(self.now)
    }

    /// Makes a call of the open log, and judges its error.
    pub(crate) fn attempt<T>(
        &mut self,
        what: &str,
        call: impl FnOnce(&mut Running) -> swarmlet_engine::Result<T>,
    ) -> Result<Attempt<T>> {
        let faults = self.disk.counters().faults;
        let Some(running) = &mut self.running else {
            bail!("{what}: the log is not open");
        };
        match call(running) {
            Ok(value) => Ok(Attempt::Done(value)),
            Err(error) => self.judge(what, &error, faults),
        }
    }

    /// Checks that `error` is one that may occur now and has the kind it must have.
    pub(crate) fn judge<T>(
        &mut self,
        what: &str,
        error: &Error,
        faults_before: u64,
    ) -> Result<Attempt<T>> {
        let text = error.to_string();
        self.trace.line(format_args!("{what} failed: {error:?}"));
        if text.contains("was restarted since") || text.contains(POWER_FAILED) {
            return Ok(Attempt::PowerLost);
        }
        let is_struck = self.disk.counters().faults > faults_before;
        let kind = error.kind();
        let is_allowed = match kind {
            ErrorKind::DiskFull => is_struck || self.trouble.is_full,
            ErrorKind::PermissionDenied => self.trouble.is_read_only,
            ErrorKind::Storage => is_struck || self.trouble.is_poisoned,
            // The operating system may show the old content again after it failed to write.
            ErrorKind::Corrupt => self.trouble.is_poisoned && self.is_buffered(),
            _ => false,
        };
        ensure!(is_allowed, "{what} must not fail: {error:?}");
        match kind {
            ErrorKind::DiskFull => self.coverage.note(Met::FullDisk),
            ErrorKind::PermissionDenied => self.coverage.note(Met::ReadOnlyDisk),
            ErrorKind::Storage if is_struck => self.coverage.note(Met::InputOutputError),
            _ => {}
        }
        if text.contains("cannot sync the log") {
            self.coverage.note(Met::FailedSync);
            self.trouble.is_poisoned = true;
            self.trouble.may_lose = true;
        }
        Ok(Attempt::Failed(kind))
    }

    /// Makes the disk well again: space, writable, no chance of faults.
    pub(crate) fn heal(&mut self) {
        self.disk.set_bytes_capacity(None);
        self.disk.set_read_only(false);
        self.disk.set_fault_plan(FaultPlan::default());
        self.trouble.is_full = false;
        self.trouble.is_read_only = false;
        self.trouble.has_plan = false;
    }

    pub(crate) fn is_buffered(&self) -> bool {
        self.options.durability == Durability::Buffered
    }
}

const POWER_FAILED: &str = "the simulated disk was restarted";
