//! The pinned programs that build and check the npm package, below `node/tools`.

use crate::{root, shell};
use anyhow::{Context, Result};
use std::fs;

const FOLDER: &str = "node/tools";
const LOCK: &str = "node/tools/package-lock.json";

/// The text of the lock file, empty where there is none.
pub(crate) fn requirements() -> Result<String> {
    if !root::path(LOCK).is_file() {
        return Ok(String::new());
    }
    fs::read_to_string(root::path(LOCK)).with_context(|| format!("cannot read {LOCK}"))
}

/// Whether the programs are there, or none are needed.
pub(crate) fn is_there() -> bool {
    let installed = root::path(FOLDER).join("node_modules/typescript");
    !root::path(LOCK).is_file() || installed.is_dir()
}

/// Installs exactly what the lock file says; scripts of packages are not run.
pub(crate) fn prepare() -> Result<()> {
    if !root::path(LOCK).is_file() {
        return Ok(());
    }
    let install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    shell::run(shell::command(&install).current_dir(root::path(FOLDER)))
}
