//! The folder of blobs of a device, on a disk of its own, so that its faults spare the log; and
//! what else outlives a restart.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use swarmlet_engine::blobs::limits::PACKED_BYTES_MAX;
use swarmlet_engine::blobs::{BlobId, BlobStore};
use swarmlet_engine::event::NodeId;
use swarmlet_engine::storage::sim::FaultPlan;
use swarmlet_engine::storage::{Disk, SimDisk};
use swarmlet_engine::{Error, ErrorKind};

use super::lying::Nature;
use super::shelf::Shelf;
use super::there::There;
use crate::met::Met;

/// The blobs of a device, running or not.
pub(crate) struct BlobFolder {
    pub(crate) disk: SimDisk,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) nature: Nature,
    /// Who lies, or did, if somebody does.
    pub(super) liar: Option<NodeId>,
    /// The blobs that may be damaged here, until they are right again.
    pub(super) flipped: BTreeSet<BlobId>,
    /// The blobs that could not be stored or completed since it was opened, and those of which that
    /// was so when a process ended: the next one takes what a failed sync left in memory for
    /// durable.
    pub(super) doubted: BTreeSet<BlobId>,
    pub(super) unsure: BTreeSet<BlobId>,
    /// Whether there is too little room.
    pub(super) is_full: bool,
    /// When the disk is well again.
    pub(super) well_at: Option<Duration>,
    pub(super) tally: Tally,
    /// What happened here that a run can meet.
    pub(super) met: BTreeSet<Met>,
    /// Faults of the disk when it was opened last, and when it was looked whether the power failed.
    faults_opened: u64,
    faults_seen: u64,
    has_lost_power: bool,
    is_armed: bool,
    /// Whether reading fails now, or did since it was opened: what could not be read counts as
    /// missing.
    is_hard_to_read: bool,
    is_unread: bool,
    /// Whether syncs fail now, or did since it was opened: what they were to write is there, and
    /// counts for nothing.
    is_hard_to_sync: bool,
    is_unsynced: bool,
    /// The blobs of which a bit was flipped since it was opened.
    was_flipped: BTreeSet<BlobId>,
}

/// What became of pieces.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Pieces that came.
    pub(super) received: u64,
    /// Of these, those that are here now, or were.
    pub(super) stored: u64,
    /// Those that were not proven.
    pub(super) unproven: u64,
    /// Those that could not be written, or that nobody wanted any more.
    pub(super) failed: u64,
}

impl BlobFolder {
    pub(super) fn new(seed: u64, shelf: Arc<Shelf>) -> Self {
        Self {
            disk: SimDisk::new(seed),
            shelf,
            nature: Nature::HONEST,
            liar: None,
            flipped: BTreeSet::new(),
            doubted: BTreeSet::new(),
            unsure: BTreeSet::new(),
            is_full: false,
            well_at: None,
            tally: Tally::default(),
            met: BTreeSet::new(),
            faults_opened: 0,
            faults_seen: 0,
            has_lost_power: false,
            is_armed: false,
            is_hard_to_read: false,
            is_unread: false,
            is_hard_to_sync: false,
            is_unsynced: false,
            was_flipped: BTreeSet::new(),
        }
    }

    /// The folder of another device, to which this one was copied as it is.
    pub(crate) fn copied(&self, seed: u64) -> Self {
        Self {
            disk: self.disk.copied(seed),
            liar: self.liar,
            flipped: self.flipped.clone(),
            ..Self::new(seed, self.shelf.clone())
        }
    }

    /// Opens the store and checks what there is then. Nothing if the disk fails in it.
    pub(super) fn open(&mut self) -> Result<Option<BlobStore>> {
        self.faults_opened = self.faults();
        self.was_flipped = self.flipped.clone();
        if There::on(&self.disk)?.imports > 0 {
            self.met.insert(Met::BlobImportCut);
        }
        let store = match BlobStore::open(Arc::new(self.disk.clone())) {
            Ok(store) => store,
            Err(error) => {
                self.judge(&error, None)?;
                return Ok(None);
            }
        };
        if self.has_lost_power() {
            return Ok(None);
        }
        let there = There::on(&self.disk)?;
        if self.is_exact() {
            there.check_tidy()?;
        }
        self.check(&there)?;
        Ok(Some(store))
    }

    /// Checks that each whole blob is what its name says, but for those that were damaged since.
    pub(super) fn check(&mut self, there: &There) -> Result<()> {
        for id in there.whole_ids() {
            let content = self.shelf.find(*id);
            let is_right = content.is_some_and(|content| there.has(content));
            if is_right {
                self.flipped.remove(id);
            }
            ensure!(
                is_right || self.flipped.contains(id),
                "{id} is wrong: {:?}",
                content.map(|content| there.wrong(content))
            );
        }
        Ok(())
    }

    /// Flips a bit of a blob.
    pub(super) fn flip(&mut self, id: BlobId) {
        self.was_flipped.insert(id);
        self.flipped.insert(id);
    }

    /// Whether nothing has failed since it was opened, so that what is here is known exactly.
    pub(super) fn is_exact(&self) -> bool {
        self.faults() == self.faults_opened
    }

    /// The same for one blob.
    pub(super) fn is_exact_for(&self, blob: BlobId) -> bool {
        self.is_exact() && !self.flipped.contains(&blob) && !self.was_flipped.contains(&blob)
    }

    /// Whether what is visible of a blob outlives a power failure.
    pub(super) fn is_certain_of(&self, blob: BlobId) -> bool {
        let is_doubted = self.doubted.contains(&blob) || self.unsure.contains(&blob);
        !is_doubted && !self.is_unsynced
    }

    /// Whether the power has failed in the middle of something.
    pub(super) fn has_lost_power(&mut self) -> bool {
        if self.faults() != self.faults_seen {
            self.faults_seen = self.faults();
            let looked = self.disk.bytes_free();
            self.has_lost_power |= looked.is_err_and(|error| error.to_string().contains(RESTARTED));
        }
        self.has_lost_power
    }

    /// The process, or the power, has ended.
    pub(crate) fn crash(&mut self, is_power_loss: bool) {
        let doubted = std::mem::take(&mut self.doubted);
        if is_power_loss {
            self.disk = self.disk.power_loss();
            self.flipped.append(&mut self.unsure);
        } else {
            self.disk = self.disk.kill();
            self.unsure.extend(doubted);
        }
        self.has_lost_power = false;
        self.is_armed = false;
        self.is_unread = self.is_hard_to_read;
        self.is_unsynced = self.is_hard_to_sync;
    }

    /// Checks that something may fail as it did.
    pub(super) fn judge(&mut self, error: &Error, blob: Option<BlobId>) -> Result<()> {
        let is_struck = self.faults() > self.faults_opened;
        let is_allowed = match error.kind() {
            ErrorKind::DiskFull => self.is_full || is_struck,
            ErrorKind::Storage => is_struck,
            ErrorKind::Corrupt => blob.is_some_and(|blob| self.flipped.contains(&blob)),
            _ => false,
        };
        ensure!(is_allowed, "it must not fail: {error:?}");
        let met = match error.kind() {
            ErrorKind::DiskFull => Met::BlobDiskFull,
            ErrorKind::Corrupt => Met::BlobDamaged,
            _ => Met::BlobDiskError,
        };
        self.met.insert(met);
        Ok(())
    }

    /// Something will fail at some time.
    pub(super) fn arm(&mut self) {
        self.is_armed = true;
    }

    /// Operations fail by chance.
    pub(super) fn plan(&mut self, plan: FaultPlan) {
        self.disk.set_fault_plan(plan);
        self.is_hard_to_read = plan.read_eio_per_million > 0;
        self.is_unread |= self.is_hard_to_read;
        self.is_hard_to_sync = plan.sync_eio_per_million > 0;
        self.is_unsynced |= self.is_hard_to_sync;
    }

    /// A blob could not be set back: its hashes may have another name until it is.
    pub(super) fn note_torn(&mut self, id: BlobId) {
        self.flipped.insert(id);
    }

    /// A blob was stored anew.
    pub(super) fn note_stored(&mut self, id: BlobId) {
        self.doubted.remove(&id);
        self.unsure.remove(&id);
    }

    /// Whether a blob shares a file with others.
    pub(super) fn is_small(&self, id: BlobId) -> bool {
        let content = self.shelf.find(id);
        content.is_some_and(|content| content.size.get() <= PACKED_BYTES_MAX)
    }

    /// Whether it takes a restart until nothing fails any more and everything is read.
    pub(super) fn needs_restart(&self) -> bool {
        self.is_armed || self.is_unread || self.is_unsynced || !self.unsure.is_empty()
    }

    /// Makes the disk well again.
    pub(super) fn heal(&mut self) {
        self.disk.set_bytes_capacity(None);
        self.disk.set_fault_plan(FaultPlan::default());
        self.is_hard_to_read = false;
        self.is_hard_to_sync = false;
        self.is_full = false;
        self.well_at = None;
    }

    fn faults(&self) -> u64 {
        self.disk.counters().faults
    }
}

const RESTARTED: &str = "the simulated disk was restarted";
