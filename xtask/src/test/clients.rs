//! The predecessor's own clients, as they were released, against nodes that run as a service.

use crate::cargo::{self, Profile};
use crate::{root, shell};
use anyhow::Result;

/// The package of the tests.
pub(crate) const MANIFEST: &str = "tests/clients/package.json";

const TESTS: &str = "tests/clients/test";

/// The library for Rust, in a workspace of its own.
const RUST: &str = "tests/clients/rust/Cargo.toml";

/// Builds the command, and runs the tests.
pub(crate) fn run() -> Result<()> {
    cargo::build_programs()?;
    let program = cargo::built(Profile::Dev).join("swarmlet");
    let mut tests = shell::command(&["node", "--test", "--test-reporter=spec"]);
    tests.env("SWARMLET", &program);
    shell::run(tests.args(root::files(TESTS, ".test.mjs")?))?;
    let mut tests = shell::command(&["cargo", "test", "--quiet", "--locked"]);
    tests.env("SWARMLET", &program);
    // It asks for an OpenSSL that is compiled with it, which takes minutes.
    tests.env("OPENSSL_NO_VENDOR", "1");
    tests.env("CARGO_PROFILE_DEV_DEBUG", "0");
    let target = cargo::target().join("clients");
    tests.args(["--manifest-path", RUST, "--target-dir"]);
    shell::run(tests.arg(target))
}
