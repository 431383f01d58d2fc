//! The page for people, in a browser that looks at nodes which run as processes of their own.

use crate::cargo::{self, Profile};
use crate::{root, shell};
use anyhow::Result;

/// The manifest of the tests.
pub(crate) const MANIFEST: &str = "tests/browser/package.json";
const TESTS: &str = "tests/browser";
/// What the page is made of.
const PAGE: &str = "core/gateway/page";

/// Builds the command, reads every script, runs the tests.
pub(crate) fn run() -> Result<()> {
    cargo::build_programs()?;
    for script in root::files(PAGE, ".mjs")? {
        shell::run(&mut shell::command(&["node", "--check", &script]))?;
    }
    // One file after the other: each has nodes and a browser of its own.
    let words = [
        "node",
        "--test",
        "--test-reporter=spec",
        "--test-concurrency=1",
    ];
    let mut command = shell::command(&words);
    command.args(root::files(TESTS, ".test.mjs")?);
    command.env("SWARMLET", cargo::built(Profile::Dev).join("swarmlet"));
    shell::run(&mut command)
}
