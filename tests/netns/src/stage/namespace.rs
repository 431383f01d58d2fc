//! A network namespace with a name that no other run has. It is removed when dropped; what a
//! killed run has left behind, the next one removes.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;

use super::ip::ip;

/// A namespace, with everything in it.
pub(super) struct Namespace {
    name: String,
}

impl Namespace {
    pub(super) fn new() -> Result<Self> {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}", std::process::id());
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

/// Removes the namespaces of runs whose process is gone.
pub(crate) fn remove_leftovers() -> Result<()> {
    let listed = ip("netns list")?;
    let names = listed.lines().filter_map(|line| line.split(' ').next());
    for name in names {
        let process = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('-'))
            .and_then(|(process, _)| process.parse::<u32>().ok());
        let is_left = process.is_some_and(|id| !Path::new("/proc").join(id.to_string()).exists());
        if is_left {
            ip(&format!("netns delete {name}"))?;
        }
    }
    Ok(())
}

const PREFIX: &str = "swarmlet-";
static MADE: AtomicU32 = AtomicU32::new(0);
