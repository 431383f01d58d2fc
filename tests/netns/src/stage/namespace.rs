//! A network namespace with a name that no other run has; it is removed when dropped.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;

use super::ip::ip;
use super::leftovers::prefix;

/// A namespace, with everything in it.
pub(super) struct Namespace {
    name: String,
}

impl Namespace {
    pub(super) fn new() -> Result<Self> {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}{number}", prefix());
        ip(&format!("netns add {name}"))?;
        let namespace = Self { name };
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Runs `ip` inside.
    pub(super) fn ip(&self, line: &str) -> Result<String> {
        ip(&format!("-n {} {line}", self.name))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if let Err(error) = ip(&format!("netns delete {}", self.name)) {
            eprintln!("a namespace stays behind: {error:#}");
        }
    }
}

static MADE: AtomicU32 = AtomicU32::new(0);
