//! The predecessor's own clients, as they were released, against nodes that run as a service.

use crate::cargo::{self, Profile};
use crate::{root, shell};
use anyhow::{Context, Result};
use std::fs;

/// The package of the tests.
pub(crate) const MANIFEST: &str = "tests/clients/package.json";

const FOLDER: &str = "tests/clients";
const TESTS: &str = "tests/clients/test";
const INSTALL: &[&str] = &["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"];

/// Installs the clients, builds the command, and runs the tests.
pub(crate) fn run() -> Result<()> {
    cargo::build_programs()?;
    shell::run(shell::command(INSTALL).current_dir(root::path(FOLDER)))?;
    let mut tests = shell::command(&["node", "--test", "--test-reporter=spec"]);
    tests.env("SWARMLET", cargo::built(Profile::Dev).join("swarmlet"));
    shell::run(tests.args(files()?))
}

fn files() -> Result<Vec<String>> {
    let mut files = Vec::new();
    let entries = fs::read_dir(root::path(TESTS));
    for entry in entries.with_context(|| format!("cannot read {TESTS}"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        files.push(format!("{TESTS}/{name}"));
    }
    files.sort();
    Ok(files)
}
