//! The peer that works as we do: iroh-blobs, as a program of its own. It syncs nothing that it
//! stores, so it is measured until it says that it is done, and until all of that is synced.

use std::ops::AddAssign;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// What all files of a measurement took.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub(crate) struct Times {
    /// To store them.
    pub(crate) stored: Took,
    /// Until another process had them.
    pub(crate) fetched: Took,
    /// To save them.
    pub(crate) saved: Took,
}

/// Seconds.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub(crate) struct Took {
    /// Until iroh-blobs said that it is done.
    pub(crate) done: f64,
    /// Until it was on the disk, as it is when we say so.
    pub(crate) synced: f64,
}

impl AddAssign for Times {
    fn add_assign(&mut self, other: Self) {
        self.stored += other.stored;
        self.fetched += other.fetched;
        self.saved += other.saved;
    }
}

impl AddAssign for Took {
    fn add_assign(&mut self, other: Self) {
        self.done += other.done;
        self.synced += other.synced;
    }
}

/// Has `program` store, fetch and save the files of a folder.
pub(crate) fn measure(program: &Path, sources: &Path, folder: &Path) -> Result<Times> {
    std::fs::create_dir_all(folder)?;
    let output = Command::new(program)
        .arg("measure")
        .arg(folder)
        .arg(sources)
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", program.display()))?;
    ensure!(output.status.success(), "iroh-blobs failed");
    serde_json::from_slice(&output.stdout).context("iroh-blobs prints seconds")
}
