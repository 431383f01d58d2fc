//! Maven, which compiles Kotlin, tests it, and assembles the artifacts.

use super::installed;
use super::native::prepare;
use crate::cargo::Profile;
use crate::{root, shell};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;

/// The project file of the build.
pub(crate) const MANIFEST: &str = "android/pom.xml";
/// A project that needs the same, and does nothing with it.
pub(crate) const FETCH: &str = "android/fetch/pom.xml";
/// The programs, as Maven calls them.
const DRIVER: &str = ":swarmlet-conformance";
/// A repository of Maven for the AAR alone, so that a test leaves that of the user as it is.
const REPOSITORY: &str = "target/maven/installed";
/// Nothing goes into the repository of the user.
const INSTALL_NOTHING: &str = "-Dmaven.install.skip=true";

/// Fetches everything that the build needs, so that it needs no network later.
pub(crate) fn resolve() -> Result<()> {
    let words = ["mvn", "--quiet", "--file", FETCH, INSTALL_NOTHING];
    shell::run(shell::command(&words).arg("install"))
}

/// What Java is started with before the name of a class of the programs.
pub(crate) const PROGRAMS: &str = "@target/maven/swarmlet-conformance/arguments";

/// Builds the library, and the programs that others start: the conformance driver, an example, and
/// the benchmark. Says where the library is.
pub(crate) fn build_programs(profile: Profile) -> Result<PathBuf> {
    let library = prepare(profile)?;
    let words = ["mvn", "--quiet", "--offline", "--file", MANIFEST];
    let driver = ["-P", "conformance", "--projects", DRIVER, "--also-make"];
    let mut mvn = shell::command(&[&words[..], &driver].concat());
    shell::run(mvn.args(["-Dmaven.test.skip=true", "package"]))?;
    Ok(library)
}

/// Builds everything, runs the tests on the JVM, and looks at what an app would get.
pub(crate) fn test() -> Result<()> {
    prepare(Profile::Dev)?;
    let repository = root::path(REPOSITORY);
    if repository.exists() {
        fs::remove_dir_all(&repository).with_context(|| format!("cannot empty {REPOSITORY}"))?;
    }
    let words = ["mvn", "--quiet", "--offline", "--file", MANIFEST];
    let mut mvn = shell::command(&words);
    let place = format!("-DlocalRepositoryPath={}", repository.display());
    shell::run(mvn.args([INSTALL_NOTHING, &place, "install"]))?;
    installed::check(&repository)
}
