//! What tests take from npm: what builds and checks our package, what drives a browser, and the
//! predecessor's clients. All of it is pinned.

use crate::{root, shell};
use anyhow::{Context, Result};
use std::fs;

/// Folders with a lock file, and a package of each.
const FOLDERS: &[(&str, &str)] = &[
    ("node/tools", "typescript"),
    ("tests/browser", "playwright-core"),
    ("tests/clients", "@actyx/sdk"),
];
const LOCK: &str = "package-lock.json";

/// The texts of the lock files, empty where there are none.
pub(crate) fn requirements() -> Result<String> {
    let texts = there().map(|(folder, _)| {
        let lock = format!("{folder}/{LOCK}");
        fs::read_to_string(root::path(&lock)).with_context(|| format!("cannot read {lock}"))
    });
    texts.collect()
}

/// Whether the programs are there, or none are needed.
pub(crate) fn is_there() -> bool {
    there().all(|(folder, package)| {
        let modules = root::path(folder).join("node_modules");
        modules.join(package).is_dir()
    })
}

/// Installs exactly what the lock files say; scripts of packages are not run.
pub(crate) fn prepare() -> Result<()> {
    let install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    for (folder, _) in there() {
        shell::run(shell::command(&install).current_dir(root::path(folder)))?;
    }
    Ok(())
}

/// The folders that are in the tree.
fn there() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    let has_lock = |folder: &str| root::path(folder).join(LOCK).is_file();
    FOLDERS.iter().filter(move |(folder, _)| has_lock(folder))
}
