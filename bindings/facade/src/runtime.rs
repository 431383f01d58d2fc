//! The one tokio runtime of a process: made for the first open node, gone after the last.
//!
//! Every open node holds a [`Lease`]. A forked child finds no threads behind the runtime of its
//! parent, so it gets a place of its own and never touches that of the parent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use swarmlet::ErrorKind;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::failure::{Failure, Result};

/// Threads that drive tasks: the engine has its own writer, tasks only pass things on.
const WORKERS: usize = 2;
/// Threads that read the disk for queries, at most.
const READERS_MAX: usize = 8;
/// How long a thread that is stuck in the operating system may hold up the end of the runtime.
const SHUTDOWN_MAX: Duration = Duration::from_secs(2);

/// The right to use the runtime; the last one to go ends it.
#[derive(Debug)]
pub(crate) struct Lease {
    handle: Handle,
    is_released: AtomicBool,
}

impl Lease {
    /// Makes the runtime if there is none.
    pub(crate) fn take() -> Result<Self> {
        let place = Place::own();
        let mut slot = place.slot();
        let handle = match &slot.runtime {
            Some(runtime) => runtime.handle().clone(),
            None => slot.runtime.insert(build()?).handle().clone(),
        };
        slot.leases += 1;
        Ok(Self {
            handle,
            is_released: AtomicBool::new(false),
        })
    }

    /// Where to spawn; what is spawned after the end of the runtime is dropped at once.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// What a failure is, seen from here: once the node was closed and the lease given back, work
    /// that was cut off was cut off by that.
    pub(crate) fn judged(&self, failure: Failure) -> Failure {
        if failure.kind == ErrorKind::Internal && self.is_released.load(Ordering::Acquire) {
            return Failure::closed(failure.operation);
        }
        failure
    }

    /// Gives the lease back, from any thread; later calls change nothing.
    pub(crate) fn release(&self) {
        if self.is_released.swap(true, Ordering::AcqRel) {
            return;
        }
        let ended = {
            let mut slot = Place::own().slot();
            slot.leases = slot.leases.saturating_sub(1);
            if slot.leases > 0 {
                return;
            }
            slot.runtime.take()
        };
        if let Some(runtime) = ended {
            shut_down(runtime);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.release();
    }
}

/// The runtime of one process, in a chain from parent to forked child.
///
/// The lock of a parent's place may have been held by a thread that does not exist in the child;
/// the child walks past it without looking.
struct Place {
    process: u32,
    slot: Mutex<Slot>,
    child: OnceLock<Box<Place>>,
}

#[derive(Default)]
struct Slot {
    runtime: Option<Runtime>,
    leases: usize,
}

static FIRST: OnceLock<Place> = OnceLock::new();

impl Place {
    fn new(process: u32) -> Self {
        Self {
            process,
            slot: Mutex::default(),
            child: OnceLock::new(),
        }
    }

    fn own() -> &'static Self {
        let process = std::process::id();
        let mut place = FIRST.get_or_init(|| Self::new(process));
        while place.process != process {
            place = place.child.get_or_init(|| Box::new(Self::new(process)));
        }
        place
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn build() -> Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(READERS_MAX)
        .thread_name("swarmlet")
        .enable_time()
        .build()
        .map_err(|error| {
            let message = format!("cannot start the threads of the runtime: {error}");
            Failure::new(ErrorKind::Unavailable, "open", message)
        })
}

/// Ends the runtime on a thread of its own: the last lease may go on a thread of the runtime, which
/// must not wait for itself, or on one that must not wait at all.
fn shut_down(runtime: Runtime) {
    // Shared, because a thread that cannot be spawned would drop it, which waits.
    let runtime = Arc::new(Mutex::new(Some(runtime)));
    let theirs = runtime.clone();
    let thread = std::thread::Builder::new().name("swarmlet-end".to_owned());
    let spawned = thread.spawn(move || {
        if let Some(runtime) = take(&theirs) {
            runtime.shutdown_timeout(SHUTDOWN_MAX);
        }
    });
    if spawned.is_err()
        && let Some(runtime) = take(&runtime)
    {
        runtime.shutdown_background();
    }
}

fn take(runtime: &Mutex<Option<Runtime>>) -> Option<Runtime> {
    runtime
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
}
