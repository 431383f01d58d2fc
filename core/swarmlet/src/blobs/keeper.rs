//! The keeper: which blobs are here, which are being fetched, and who waits for what.
//!
//! Whoever waits looks again whenever something has moved; what moved is not said, so nothing of it
//! can be lost.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use swarmlet_engine::blobs::limits::PIECE_BYTES;
use swarmlet_engine::blobs::{BlobId, BlobSize, BlobStore, Part};
use swarmlet_engine::storage::Disk;
use swarmlet_engine::{Error, Result};
use tokio::sync::watch;

use super::worker::Job;

/// The blobs of a node, shared by users, peers and the worker.
#[derive(Debug)]
pub(crate) struct BlobKeeper {
    pub(super) store: BlobStore,
    inner: Mutex<Inner>,
    /// Changes with everything that somebody may wait for.
    moved: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Inner {
    /// What is being fetched. Nobody works on the disk while this is locked.
    parts: BTreeMap<BlobId, Arc<Part>>,
    /// Who waits for which bytes.
    waits: BTreeMap<BlobId, BTreeMap<u64, Range<u64>>>,
    next_wait: u64,
    /// Why what is waited for cannot be kept here, until whoever waits has learnt of it.
    failures: BTreeMap<BlobId, Error>,
    /// Whether there is a worker, or will be when the network can be used.
    is_expected: bool,
    /// There while the worker runs.
    jobs: Option<mpsc::Sender<Job>>,
}

/// Somebody waits for some bytes of a blob; dropping it gives up.
#[derive(Debug)]
pub(super) struct Wait {
    keeper: Arc<BlobKeeper>,
    id: BlobId,
    number: u64,
}

/// How much of a blob is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Here {
    Nothing,
    Part { size: BlobSize, missing: u32 },
    All(BlobSize),
}

impl BlobKeeper {
    pub(crate) fn open(disk: Arc<dyn Disk>) -> Result<Self> {
        Ok(Self {
            store: BlobStore::open(disk)?,
            inner: Mutex::default(),
            moved: watch::Sender::new(()),
        })
    }

    /// From here on whoever wants a blob waits until it can be fetched.
    pub(crate) fn expect(&self) {
        self.lock().is_expected = true;
    }

    /// From here on blobs can be fetched.
    pub(crate) fn connect(&self, jobs: mpsc::Sender<Job>) {
        let mut inner = self.lock();
        for id in inner.waits.keys() {
            // A worker that has ended needs nothing.
            let _ = jobs.send(Job::Want(*id));
        }
        inner.jobs = Some(jobs);
    }

    /// From here on they cannot.
    pub(crate) fn disconnect(&self) {
        let mut inner = self.lock();
        inner.is_expected = false;
        inner.jobs = None;
        inner.parts.clear();
        drop(inner);
        self.note_moved();
    }

    /// Whether there can be somebody to fetch blobs from.
    pub(super) fn is_expected(&self) -> bool {
        self.lock().is_expected
    }

    /// Something to wait on for anything to have moved.
    pub(super) fn watch(&self) -> watch::Receiver<()> {
        let mut moved = self.moved.subscribe();
        moved.mark_unchanged();
        moved
    }

    pub(crate) fn note_moved(&self) {
        self.moved.send_replace(());
    }

    /// A blob is whole here now, other than by being fetched.
    pub(super) fn note_gained(&self, id: BlobId) {
        self.ask(Job::Gained(id));
        self.note_moved();
    }

    /// Asks the worker for something, if there is one.
    pub(super) fn ask(&self, job: Job) {
        self.lock().tell(job);
    }

    /// Wants some bytes of a blob, until what is returned is dropped.
    pub(super) fn want(self: &Arc<Self>, id: BlobId, bytes: Range<u64>) -> Wait {
        let mut inner = self.lock();
        let number = inner.next_wait;
        inner.next_wait += 1;
        inner.waits.entry(id).or_default().insert(number, bytes);
        inner.tell(Job::Want(id));
        Wait {
            keeper: self.clone(),
            id,
            number,
        }
    }

    /// The bytes that are waited for, those that were asked for first before others.
    pub(super) fn waits(&self, id: BlobId) -> Vec<Range<u64>> {
        let inner = self.lock();
        let waits = inner.waits.get(&id);
        waits.map_or_else(Vec::new, |waits| waits.values().cloned().collect())
    }

    /// How much of a blob is here.
    pub(super) fn here(&self, id: BlobId) -> Result<Here> {
        if let Some(part) = self.part(id) {
            return Ok(Here::Part {
                size: part.size(),
                missing: part.missing_count(),
            });
        }
        if let Some(blob) = self.store.blob(id)? {
            return Ok(Here::All(blob.size()));
        }
        Ok(Here::Nothing)
    }

    /// What is waited for could not be kept: whoever waits learns of it.
    pub(super) fn note_failure(&self, id: BlobId, error: Error) {
        let mut inner = self.lock();
        if inner.waits.contains_key(&id) {
            inner.failures.insert(id, error);
        }
        drop(inner);
        self.note_moved();
    }

    /// Why a blob could not be kept, once.
    pub(super) fn take_failure(&self, id: BlobId) -> Option<Error> {
        self.lock().failures.remove(&id)
    }

    /// Bytes that are still to come of the parts that are wanted.
    pub(super) fn promised(&self, is_wanted: impl Fn(BlobId) -> bool) -> u64 {
        let parts: Vec<Arc<Part>> = self.lock().parts.values().cloned().collect();
        let wanted = parts.iter().filter(|part| is_wanted(part.id()));
        let missing: u64 = wanted.map(|part| u64::from(part.missing_count())).sum();
        missing * PIECE_BYTES
    }

    /// What is being fetched of a blob.
    pub(super) fn part(&self, id: BlobId) -> Option<Arc<Part>> {
        self.lock().parts.get(&id).cloned()
    }

    /// Adds what is there of a blob.
    pub(super) fn add_part(&self, part: Part) -> Arc<Part> {
        let part = Arc::new(part);
        self.lock().parts.insert(part.id(), part.clone());
        part
    }

    /// Lets go of what is there; its files stay.
    pub(super) fn drop_part(&self, id: BlobId) {
        self.lock().parts.remove(&id);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn tell(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // A worker that has ended needs nothing.
            let _ = jobs.send(job);
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut inner = self.keeper.lock();
        if let Some(waits) = inner.waits.get_mut(&self.id) {
            waits.remove(&self.number);
            if waits.is_empty() {
                inner.waits.remove(&self.id);
                inner.failures.remove(&self.id);
            }
        }
        inner.tell(Job::Unwait(self.id));
    }
}
