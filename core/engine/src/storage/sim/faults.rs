//! Which operation of a simulated disk fails, and how.
//!
//! Decides only whether a fault strikes; what it damages is up to `machine`. Faults are armed
//! one by one, for tests that fail every single operation in turn, or drawn at rates, for tests
//! that run thousands of seeds. Sits below `machine`.

use std::io;

use super::names::FileId;
use super::random::Random;

/// A way for an operation to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The device fails. Of a write any leading part may have been done; of a sync any part, and
    /// the rest is forgotten.
    Eio,
    /// The disk is full, whatever its capacity. Strikes only what may allocate: an operation
    /// that cannot fail so passes, and the next one that can is struck.
    Enospc,
    /// The power fails just before the operation, as by
    /// [`SimDisk::power_loss`](super::SimDisk::power_loss).
    PowerLoss,
}

impl Fault {
    /// The error the operation returns.
    pub(super) fn error(self) -> io::Error {
        match self {
            Self::Eio => io::Error::other("simulated input/output error"),
            Self::Enospc => disk_full(),
            Self::PowerLoss => power_lost(),
        }
    }
}

/// How often operations fail by chance, each rate in cases per million. All zero by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    /// Looking and reading: open, list, len, read.
    pub read_eio_per_million: u32,
    /// Changing what is visible: create, write, rename, remove.
    pub write_eio_per_million: u32,
    /// Making durable: syncs of files and of folders.
    pub sync_eio_per_million: u32,
    /// Finding the disk full: create, write, rename.
    pub enospc_per_million: u32,
    /// Losing power before an operation of any kind.
    pub power_loss_per_million: u32,
}

impl FaultPlan {
    /// A plan in which each kind of fault is absent, rare or frequent, as the seed has it: runs
    /// that lack a fault altogether reach states that a steady drizzle of all of them never does.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut rate = || random.pick(&[0, 0, 1_000, 30_000]);
        Self {
            read_eio_per_million: rate(),
            write_eio_per_million: rate(),
            sync_eio_per_million: rate(),
            enospc_per_million: rate(),
            power_loss_per_million: rate(),
        }
    }
}

/// What is about to be done, as far as faults are concerned.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation<'a> {
    Look,
    Read,
    Create,
    Write {
        file: FileId,
        bytes: &'a [u8],
        offset: u64,
    },
    Rename,
    Remove,
    Sync {
        file: FileId,
    },
    SyncFolder,
}

impl Operation<'_> {
    const fn may_allocate(self) -> bool {
        matches!(self, Self::Create | Self::Write { .. } | Self::Rename)
    }

    const fn eio_per_million(self, plan: &FaultPlan) -> u32 {
        match self {
            Self::Look | Self::Read => plan.read_eio_per_million,
            Self::Create | Self::Write { .. } | Self::Rename | Self::Remove => {
                plan.write_eio_per_million
            }
            Self::Sync { .. } | Self::SyncFolder => plan.sync_eio_per_million,
        }
    }
}

/// The faults to come.
#[derive(Debug)]
pub(super) struct Faults {
    pub(super) plan: FaultPlan,
    armed: Vec<Armed>,
    /// Apart from the chance that decides what survives, so that a fault more or less does not
    /// change everything else.
    random: Random,
}

#[derive(Debug)]
struct Armed {
    /// Operations, or syncs, that still pass.
    passing: u64,
    is_for_syncs: bool,
    fault: Fault,
}

impl Faults {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            plan: FaultPlan::default(),
            armed: Vec::new(),
            random: Random::new(!seed),
        }
    }

    /// Arms a fault for the n-th operation from now, counted from one.
    pub(super) fn arm_operation(&mut self, nth: u64, fault: Fault) {
        self.arm(nth, false, fault);
    }

    /// Arms an input/output error for the n-th sync of a file from now, counted from one.
    pub(super) fn arm_sync(&mut self, nth: u64) {
        self.arm(nth, true, Fault::Eio);
    }

    pub(super) fn disarm(&mut self) {
        self.armed.clear();
    }

    /// Decides whether this operation fails.
    pub(super) fn strike(&mut self, operation: Operation<'_>) -> Option<Fault> {
        self.strike_armed(operation)
            .or_else(|| self.strike_by_chance(operation))
    }

    fn arm(&mut self, nth: u64, is_for_syncs: bool, fault: Fault) {
        assert!(nth > 0, "the next one is the first");
        self.armed.push(Armed {
            passing: nth - 1,
            is_for_syncs,
            fault,
        });
    }

    fn strike_armed(&mut self, operation: Operation<'_>) -> Option<Fault> {
        let mut due = None;
        for (index, armed) in self.armed.iter_mut().enumerate() {
            if armed.is_for_syncs && !matches!(operation, Operation::Sync { .. }) {
                continue;
            }
            let can_strike = armed.fault != Fault::Enospc || operation.may_allocate();
            if armed.passing > 0 {
                armed.passing -= 1;
            } else if can_strike && due.is_none() {
                due = Some(index);
            }
        }
        due.map(|index| self.armed.remove(index).fault)
    }

    fn strike_by_chance(&mut self, operation: Operation<'_>) -> Option<Fault> {
        let plan = self.plan;
        let mut hits = |per_million| per_million > 0 && self.random.hits(per_million);
        if hits(plan.power_loss_per_million) {
            return Some(Fault::PowerLoss);
        }
        if hits(operation.eio_per_million(&plan)) {
            return Some(Fault::Eio);
        }
        (operation.may_allocate() && hits(plan.enospc_per_million)).then_some(Fault::Enospc)
    }
}

pub(super) fn disk_full() -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, "the simulated disk is full")
}

pub(super) fn power_lost() -> io::Error {
    io::Error::other("the simulated disk was restarted since it was opened")
}
