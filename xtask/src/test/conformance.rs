//! The conformance suite: one behaviour in every language, with the packages as users get them.

use super::{c, node, python};
use crate::{kotlin, root, shell};
use anyhow::Result;

/// The package of the suite.
pub(crate) const MANIFEST: &str = "tests/conformance/Cargo.toml";

/// What has to be built before, besides what is installed: the driver of Rust.
const BUILD: &[&str] = &[
    "cargo",
    "build",
    "--quiet",
    "-p",
    "swarmlet-conformance-driver",
];
/// The driver of Node.js, which runs as it is; its types are checked.
const NODE: &str = "tests/conformance/drivers/node";
/// The driver of C, built against the installed library.
const C_DRIVER: &str = "tests/conformance/drivers/c";
const PLAY: &[&str] = &["cargo", "run", "--quiet", "-p", "swarmlet-conformance"];

/// Builds what drivers need, and plays every scenario.
pub(crate) fn run() -> Result<()> {
    if root::path(python::MANIFEST).exists() {
        python::install(&[])?;
    }
    if root::path(node::MANIFEST).exists() {
        node::build(&[])?;
        shell::run(&mut shell::command(&["node", node::COMPILER, "-p", NODE]))?;
    }
    if root::path(kotlin::MANIFEST).exists() {
        kotlin::build_driver()?;
    }
    if root::path(C_DRIVER).exists() {
        c::build(C_DRIVER, "conformance", &c::install("dev")?, &[])?;
    }
    shell::run(&mut shell::command(BUILD))?;
    shell::run(&mut shell::command(PLAY))
}
