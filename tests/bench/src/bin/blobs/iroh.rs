//! The peer that works as we do: iroh-blobs, as a program of its own. It syncs nothing that it
//! stores.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Seconds for all files of a measurement.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub(crate) struct Seconds {
    /// To store them.
    pub(crate) stored: f64,
    /// Until another process has them.
    pub(crate) fetched: f64,
    /// To save them.
    pub(crate) saved: f64,
}

/// Has `program` store, fetch and save a file, or those of a folder.
pub(crate) fn measure(program: &Path, sources: &Path, folder: &Path) -> Result<Seconds> {
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
