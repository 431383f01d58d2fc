//! What Maven fetches for the Kotlin build, so that the build itself needs no network.

use crate::{kotlin, root};
use anyhow::{Context, Result};
use std::fs;

/// The project files that say what is fetched.
const PROJECTS: &[&str] = &[kotlin::MANIFEST, kotlin::FETCH];

/// The texts of the project files, empty where there are none.
pub(crate) fn requirements() -> Result<String> {
    let there = PROJECTS.iter().filter(|path| root::path(path).is_file());
    let texts = there.map(|path| {
        let text = fs::read_to_string(root::path(path));
        text.with_context(|| format!("cannot read {path}"))
    });
    texts.collect()
}

/// Fetches what is not there yet.
pub(crate) fn prepare() -> Result<()> {
    if root::path(kotlin::MANIFEST).is_file() {
        kotlin::resolve()?;
    }
    Ok(())
}
