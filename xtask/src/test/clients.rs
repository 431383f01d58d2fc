//! The predecessor's own clients, as they were released, against nodes that run as a service.

use crate::cargo::{self, Profile};
use crate::{root, shell};
use anyhow::Result;

/// The package of the tests.
pub(crate) const MANIFEST: &str = "tests/clients/package.json";

const TESTS: &str = "tests/clients/test";

/// Builds the command, and runs the tests.
pub(crate) fn run() -> Result<()> {
    cargo::build_programs()?;
    let mut tests = shell::command(&["node", "--test", "--test-reporter=spec"]);
    tests.env("SWARMLET", cargo::built(Profile::Dev).join("swarmlet"));
    shell::run(tests.args(root::files(TESTS, ".test.mjs")?))
}
