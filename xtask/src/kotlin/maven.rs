//! Maven, which compiles Kotlin, tests it, and assembles the artifacts.

use super::native::prepare;
use crate::shell;
use anyhow::Result;

/// The project file of the build.
pub(crate) const MANIFEST: &str = "android/pom.xml";
/// A project that needs the same, and does nothing with it.
pub(crate) const FETCH: &str = "android/fetch/pom.xml";

/// Fetches everything that the build needs, so that it needs no network later.
pub(crate) fn resolve() -> Result<()> {
    shell::run(&mut shell::command(&[
        "mvn", "--quiet", "--file", FETCH, "verify",
    ]))
}

/// Builds everything and runs the tests on the JVM.
pub(crate) fn test() -> Result<()> {
    prepare()?;
    shell::run(&mut shell::command(&[
        "mvn",
        "--quiet",
        "--offline",
        "--file",
        MANIFEST,
        "verify",
    ]))
}
