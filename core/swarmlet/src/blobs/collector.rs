//! The collector: the thread that removes what no record keeps any more.
//!
//! It never removes what is pinned, what somebody waits for, or what is being stored. What was
//! taken back goes at once; what is over goes when it was so at two sweeps in a row, so neither an
//! event that is a little late nor a clock that was wrong for a moment costs a blob. What no record
//! tells of stays: its record may not have come yet. The room that small blobs leave in their packs
//! is made here too.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use swarmlet_engine::blobs::BlobId;
use swarmlet_engine::{Error, ErrorKind, Result};

use super::claims::Standing;
use super::keeper::BlobKeeper;
use crate::clock::Stopwatch;

/// What the thread works on.
pub(crate) struct BlobCollector {
    keeper: Arc<BlobKeeper>,
    period: Duration,
    /// What was over at the last sweep.
    over: BTreeSet<BlobId>,
}

/// What a sweep finds.
#[derive(Default)]
struct Found {
    over: BTreeSet<BlobId>,
    kept: BTreeMap<BlobId, u64>,
    spares: BTreeSet<BlobId>,
}

impl BlobCollector {
    /// Starts the thread, which runs until the keeper is told to stop it.
    pub(crate) fn start(keeper: Arc<BlobKeeper>, period: Duration) -> Result<JoinHandle<()>> {
        let (suspects, suspected) = mpsc::channel();
        keeper.collect_by(suspects);
        let collector = Self {
            keeper,
            period,
            over: BTreeSet::new(),
        };
        std::thread::Builder::new()
            .name("swarmlet-collect".into())
            .spawn(move || collector.run(&suspected))
            .map_err(|error| Error::io("cannot start the collector thread", error))
    }

    fn run(mut self, suspected: &mpsc::Receiver<BlobId>) {
        let mut left = Duration::ZERO;
        let mut swept = Stopwatch::start();
        loop {
            match suspected.recv_timeout(left) {
                Ok(id) => self.look_at(id),
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    swept = Stopwatch::start();
                    self.sweep();
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
            if !self.keeper.is_collecting() {
                return;
            }
            left = self.period.saturating_sub(swept.elapsed());
        }
    }

    /// Something was taken back, or is not pinned any more.
    fn look_at(&mut self, id: BlobId) {
        // Of most that was ever deleted nothing is here.
        let is_here = self.keeper.store.bytes_of(id).is_ok_and(|bytes| bytes > 0);
        if is_here && matches!(self.standing(id), Ok(Standing::Deleted)) {
            self.remove(id);
            self.tidy();
        }
    }

    /// Looks at all blobs.
    fn sweep(&mut self) {
        match self.keeper.begin_sweep() {
            Ok(ids) => self.sweep_all(ids),
            Err(error) => tracing::warn!(%error, "the blobs that are here cannot be listed"),
        }
        self.tidy();
    }

    /// Makes the room that removed small blobs have left, step by step.
    fn tidy(&self) {
        while self.keeper.is_collecting() {
            match self.keeper.tidy() {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) if error.kind() == ErrorKind::Closed => return,
                Err(error) => {
                    tracing::warn!(%error, "the room of removed blobs cannot be used");
                    return;
                }
            }
        }
    }

    fn sweep_all(&mut self, ids: BTreeSet<BlobId>) {
        let stays = self.keeper.stays();
        let mut found = Found::default();
        let mut is_whole = true;
        let looked = self.keeper.look_at(ids, |id, standing| {
            is_whole = self.keeper.is_collecting() && self.see(id, standing, &mut found);
            match is_whole {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        });
        if looked.is_ok() && is_whole {
            self.over = found.over;
            found.spares.retain(|id| !stays.contains(id));
            self.keeper.room().end_sweep(&found.kept, found.spares);
        }
    }

    /// Looks at one blob; says whether to go on.
    fn see(&self, id: BlobId, standing: Result<Standing>, found: &mut Found) -> bool {
        let standing = match standing {
            Ok(standing) => standing,
            Err(error) if error.kind() == ErrorKind::Closed => return false,
            Err(error) => {
                tracing::warn!(%error, blob = %id, "what records say of a blob cannot be read");
                Standing::Held
            }
        };
        let may_go = match standing {
            Standing::Deleted => true,
            Standing::Over => {
                found.over.insert(id);
                self.over.contains(&id)
            }
            Standing::Held | Standing::Spare | Standing::Unknown => false,
        };
        if may_go && self.remove(id) {
            found.over.remove(&id);
            return true;
        }
        let bytes = self.keeper.store.bytes_of(id).unwrap_or(0);
        found.kept.insert(id, bytes);
        if matches!(standing, Standing::Spare | Standing::Unknown) {
            found.spares.insert(id);
        }
        true
    }

    fn standing(&self, id: BlobId) -> Result<Standing> {
        self.keeper.standing(id)
    }

    /// Removes what is still not kept once nobody can be storing it; says whether it is gone.
    fn remove(&self, id: BlobId) -> bool {
        let removed = self.keeper.remove_if(id, |standing| {
            matches!(standing, Standing::Deleted | Standing::Over)
        });
        match removed {
            Ok(is_gone) => is_gone,
            Err(error) if error.kind() == ErrorKind::Closed => false,
            Err(error) => {
                tracing::warn!(%error, blob = %id, "a blob that is not kept cannot be removed");
                false
            }
        }
    }
}
