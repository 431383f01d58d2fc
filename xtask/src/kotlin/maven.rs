//! Maven, which compiles Kotlin, tests it, and assembles the artifacts.

use super::installed;
use super::native::prepare;
use crate::{root, shell};
use anyhow::{Context, Result};
use std::fs;

/// The project file of the build.
pub(crate) const MANIFEST: &str = "android/pom.xml";
/// A project that needs the same, and does nothing with it.
pub(crate) const FETCH: &str = "android/fetch/pom.xml";
/// The module of the API, for the JVM.
const LIBRARY: &str = "lib";
/// What writes down where the dependencies are.
const CLASSPATH: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath";
/// A repository of Maven for the AAR alone, so that a test leaves that of the user as it is.
const REPOSITORY: &str = "target/maven/installed";
/// Nothing goes into the repository of the user.
const INSTALL_NOTHING: &str = "-Dmaven.install.skip=true";

/// Fetches everything that the build needs, so that it needs no network later.
pub(crate) fn resolve() -> Result<()> {
    let words = ["mvn", "--quiet", "--file", FETCH, INSTALL_NOTHING];
    shell::run(shell::command(&words).arg("install"))
}

/// Compiles the tests, and says on which path Java finds them and what they need. This fetches a
/// plugin that nothing else needs.
pub(crate) fn test_classes() -> Result<String> {
    let list = root::path("target/maven/classpath");
    let words = ["mvn", "--quiet", "--file", MANIFEST, "--projects", LIBRARY];
    let mut mvn = shell::command(&words);
    let place = format!("-Dmdep.outputFile={}", list.display());
    shell::run(mvn.args(["test-compile", CLASSPATH, &place]))?;
    let needed = fs::read_to_string(&list).with_context(|| format!("no {}", list.display()))?;
    let own = ["classes", "test-classes"].map(|kind| {
        let folder = root::path("target/maven/swarmlet").join(kind);
        folder.display().to_string()
    });
    Ok(format!("{}:{}", own.join(":"), needed.trim()))
}

/// Builds everything, runs the tests on the JVM, and looks at what an app would get.
pub(crate) fn test() -> Result<()> {
    prepare(&[])?;
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
