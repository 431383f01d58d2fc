//! The syncer: the thread that makes durable what was fetched, so that the worker need not wait for
//! the disk.
//!
//! Large parts are synced while they grow: one sync of all of it at the end would keep the syncs of
//! events waiting behind it. Parts that became whole at the same time are synced at once, which
//! filesystems with a journal do in one commit of it, and cost one sync of their names; small ones
//! cost one sync altogether.

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use swarmlet_engine::blobs::{BlobId, Part};
use swarmlet_engine::{Error, Result};

use super::keeper::BlobKeeper;
use super::worker::Job;
use crate::limits::{BLOB_SYNCS_AT_ONCE, BLOB_SYNCS_WAITING_MAX};

/// The thread, as the worker holds it; dropping it waits until it has done all it was asked to.
pub(super) struct Syncer {
    tasks: Option<mpsc::SyncSender<Task>>,
    thread: Option<JoinHandle<()>>,
}

/// What it is asked to do.
enum Task {
    /// Have the disk write what is there.
    Sync(Arc<Part>),
    /// Make a whole blob of what is there.
    Complete(Arc<Part>),
}

impl Syncer {
    /// Starts the thread. It answers with [`Job::Completed`].
    pub(super) fn start(keeper: Arc<BlobKeeper>) -> Result<Self> {
        let (tasks, todo) = mpsc::sync_channel(BLOB_SYNCS_WAITING_MAX);
        let started = std::thread::Builder::new()
            .name("swarmlet-fsync".into())
            .spawn(move || run(&keeper, &todo));
        let thread =
            started.map_err(|error| Error::io("cannot start the syncing thread", error))?;
        Ok(Self {
            tasks: Some(tasks),
            thread: Some(thread),
        })
    }

    /// Has what was written of a part synced; waits while much else is to be.
    pub(super) fn sync(&self, part: Arc<Part>) {
        self.ask(Task::Sync(part));
    }

    /// Has a part of which nothing is missing become a whole blob; waits while much else is to.
    pub(super) fn complete(&self, part: Arc<Part>) {
        self.ask(Task::Complete(part));
    }

    fn ask(&self, task: Task) {
        if let Some(tasks) = &self.tasks {
            let asked = tasks.send(task);
            debug_assert!(
                asked.is_ok(),
                "the thread ends when nobody can ask any more"
            );
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            debug_assert!(ended.is_ok(), "the syncing thread does not panic");
        }
    }
}

fn run(keeper: &BlobKeeper, tasks: &mpsc::Receiver<Task>) {
    while let Ok(first) = tasks.recv() {
        let mut growing: BTreeMap<BlobId, Arc<Part>> = BTreeMap::new();
        let mut whole: Vec<Arc<Part>> = Vec::new();
        for task in std::iter::once(first).chain(tasks.try_iter()) {
            match task {
                Task::Sync(part) => drop(growing.insert(part.id(), part)),
                Task::Complete(part) => whole.push(part),
            }
        }
        // Completing syncs as well.
        growing.retain(|id, _| whole.iter().all(|part| part.id() != *id));
        let parts = growing.values().chain(&whole).map(AsRef::as_ref);
        // Small ones are synced together, when they are completed.
        let parts: Vec<&Part> = parts.filter(|part: &&Part| !part.is_small()).collect();
        sync_all(&parts);
        complete(keeper, &whole);
    }
}

/// Syncs parts, some at a time.
fn sync_all(parts: &[&Part]) {
    let each = parts.len().div_ceil(BLOB_SYNCS_AT_ONCE).max(1);
    std::thread::scope(|scope| {
        let mut shares = parts.chunks(each);
        let own = shares.next().unwrap_or_default();
        for share in shares {
            let sync_share = move || share.iter().for_each(|part| sync(part));
            let thread = std::thread::Builder::new().name("swarmlet-fsync".into());
            if thread.spawn_scoped(scope, sync_share).is_err() {
                sync_share();
            }
        }
        own.iter().for_each(|part| sync(part));
    });
}

fn sync(part: &Part) {
    if let Err(error) = part.sync() {
        let blob = part.id();
        tracing::warn!(%error, %blob, "a part could not be synced, and will be copied");
    }
}

fn complete(keeper: &BlobKeeper, parts: &[Arc<Part>]) {
    let whole: Vec<&Part> = parts.iter().map(AsRef::as_ref).collect();
    let outcomes = keeper.store.complete(&whole);
    for (part, outcome) in whole.into_iter().zip(outcomes) {
        let blob = part.id();
        keeper.ask(Job::Completed { blob, outcome });
    }
}
