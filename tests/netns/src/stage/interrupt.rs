//! Signals that end a run: its processes are killed, so that the scenario fails at once and
//! everything is removed on the usual way.

use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use anyhow::{Context, Result, ensure};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Whether this run is to end.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Watches for signals from now on.
pub(crate) fn watch_signals() -> Result<()> {
    let watched = Signals::new([SIGINT, SIGTERM, SIGHUP]);
    let mut signals = watched.context("signals cannot be watched")?;
    std::thread::spawn(move || {
        signals.forever().next();
        INTERRUPTED.store(true, Ordering::SeqCst);
        for child in lock().drain(..).filter_map(|child| child.upgrade()) {
            // It may have ended by itself.
            let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
        }
    });
    Ok(())
}

/// A process that has to end with this run.
pub(super) fn register(child: &Arc<Mutex<Child>>) -> Result<()> {
    let mut children = lock();
    children.retain(|child| child.strong_count() > 0);
    children.push(Arc::downgrade(child));
    drop(children);
    // After that, so that whoever interrupts sees it, or is seen.
    ensure!(!is_interrupted(), "interrupted");
    Ok(())
}

fn lock() -> std::sync::MutexGuard<'static, Vec<Weak<Mutex<Child>>>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static CHILDREN: Mutex<Vec<Weak<Mutex<Child>>>> = Mutex::new(Vec::new());
