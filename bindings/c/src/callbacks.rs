//! The one thread on which the library calls functions of its user, whatever calls them: never two
//! at once, and never under a lock.
//!
//! What waits for it is bounded by whoever posts: a stream has one job at most, a publish one.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::ThreadId;

use swarmlet::ErrorKind;
use swarmlet_facade::{Failure, Result, guarded};

/// Something to do on the thread.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// The thread of one process. A forked child has the queue of its parent, but not the thread: it
/// gets a place of its own.
struct Place {
    process: u32,
    jobs: Mutex<VecDeque<Job>>,
    arrived: Condvar,
    thread: Mutex<Option<ThreadId>>,
    child: OnceLock<Box<Place>>,
}

static FIRST: OnceLock<Place> = OnceLock::new();

/// Starts the thread unless it runs. What is posted afterwards is carried out.
pub(crate) fn start() -> Result<()> {
    let place = Place::own();
    let mut thread = place.thread();
    if thread.is_none() {
        let builder = std::thread::Builder::new().name("swarmlet-calls".to_owned());
        let started = builder.spawn(|| place.run());
        let started = started.map_err(|error| {
            let message = format!("cannot start the thread for callbacks: {error}");
            Failure::new(ErrorKind::Unavailable, "", message)
        })?;
        *thread = Some(started.thread().id());
    }
    Ok(())
}

/// Hands a job to the thread; never waits.
pub(crate) fn post(job: Job) {
    let place = Place::own();
    place.jobs().push_back(job);
    place.arrived.notify_one();
}

/// Whether this is the thread, so that the caller was called from a callback.
pub(crate) fn is_here() -> bool {
    *Place::own().thread() == Some(std::thread::current().id())
}

impl Place {
    fn new(process: u32) -> Self {
        Self {
            process,
            jobs: Mutex::default(),
            arrived: Condvar::new(),
            thread: Mutex::default(),
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

    fn run(&self) {
        loop {
            let job = self.next();
            // Jobs tell their users of panics. One that did not must not end the thread of all.
            let _ = guarded("callback", || {
                job();
                Ok(())
            });
        }
    }

    fn next(&self) -> Job {
        let mut jobs = self.jobs();
        loop {
            if let Some(job) = jobs.pop_front() {
                return job;
            }
            let waited = self.arrived.wait(jobs);
            jobs = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn jobs(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn thread(&self) -> MutexGuard<'_, Option<ThreadId>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
