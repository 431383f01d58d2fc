//! The package: what is generated for it, and its tests.

use super::debian::{Debian, INSIDE};
use crate::cargo::Profile;
use crate::{kotlin, root, shell};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The manifest of the package.
pub(crate) const MANIFEST: &str = "swift/Package.swift";
/// Where the library is, and what tests leave.
pub(super) const OUT: &str = "target/swift";
/// What uniffi writes, and where it belongs.
const PLACES: &[(&str, &str)] = &[
    ("SwarmletNative.swift", "swift/Sources/SwarmletNative"),
    ("SwarmletNativeFFI.h", "swift/Sources/SwarmletNativeFFI"),
];
/// What a build for Apple's platforms needs, and is only looked at here.
const XCFRAMEWORK: &str = "swift/make-xcframework.sh";

/// Builds the library for this machine, and writes the sources that belong to it. Says where the
/// linker finds the library.
pub(crate) fn prepare(profile: Profile) -> Result<PathBuf> {
    let library = kotlin::build(profile)?;
    let out = root::path(OUT);
    let sources = out.join("sources");
    kotlin::generate("swift", &library, &sources)?;
    for (name, folder) in PLACES {
        let text = fs::read_to_string(sources.join(name))?;
        let to = root::path(folder).join(name);
        // Left alone if it is the same: SwiftPM goes by times.
        if fs::read_to_string(&to).is_ok_and(|before| before == text) {
            continue;
        }
        fs::create_dir_all(root::path(folder))?;
        fs::write(&to, text).with_context(|| format!("cannot write {folder}/{name}"))?;
    }
    kotlin::copy(&library, &out)
}

/// Builds the package and runs its tests, or says in one line why not.
pub(crate) fn test() -> Result<()> {
    shell::run(&mut shell::command(&["sh", "-n", XCFRAMEWORK]))?;
    run(
        &["test", "--quiet", "--disable-swift-testing"],
        Profile::Dev,
    )?;
    Ok(())
}

/// What starts a program of the package, followed by its place like `debug/ShopFloor`.
pub(crate) const PROGRAMS: &[&str] = &["sh", "swift/run.sh"];

/// Builds the programs that others start, or says in one line why not, and `false`.
pub(crate) fn build_programs(profile: Profile) -> Result<bool> {
    run(&["build", "--quiet", "-c", profile.folder()], profile)
}

/// Runs a command of SwiftPM for the package, with the library as it is now; `false` where there is
/// no compiler.
fn run(words: &[&str], profile: Profile) -> Result<bool> {
    prepare(profile)?;
    let Some((mut swift, base)) = compiler()? else {
        return Ok(false);
    };
    let out = format!("{base}/{OUT}");
    swift.args(words).args(["--package-path", "swift"]);
    shell::run(linked(&mut swift, &out, &out))?;
    Ok(true)
}

/// Runs the program of a project that depends on a published package, and gives what it says;
/// nothing where there is no compiler. Paths are relative to the repository.
pub(crate) fn run_installed(project: &str, package: &str, folder: &str) -> Result<Option<String>> {
    let Some((mut swift, base)) = compiler()? else {
        return Ok(None);
    };
    swift.args(["run", "--quiet", "--package-path", project]);
    swift.env("SWARMLET_PACKAGE", format!("{base}/{package}"));
    let library = format!("{base}/{package}/lib");
    linked(&mut swift, &format!("{base}/{folder}"), &library);
    swift.args(["Use", &format!("{base}/{folder}/data")]);
    let output = swift.stderr(Stdio::inherit()).output();
    let output = output.context("cannot start swift")?;
    ensure!(
        output.status.success(),
        "{project} ended with {}",
        output.status
    );
    Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// The program `swift`, and where the repository is for it; a line says why there is none.
fn compiler() -> Result<Option<(Command, String)>> {
    if is_here() {
        let base = root::folder().display().to_string();
        return Ok(Some((shell::command(&["swift"]), base)));
    }
    match Debian::prepared()? {
        Ok(debian) => Ok(Some((debian.command("swift"), INSIDE.to_owned()))),
        Err(lack) => {
            let why = format!("there is no `swift` here, and {lack}");
            println!("swift: SKIPPED, nothing of Swift was compiled or tested: {why}");
            Ok(None)
        }
    }
}

/// With what is built in a folder, and the library of another one.
fn linked<'a>(swift: &'a mut Command, out: &str, library: &str) -> &'a mut Command {
    // Nobody looks at the build in a debugger.
    swift.args(["-debug-info-format", "none"]);
    swift.arg("--scratch-path").arg(format!("{out}/build"));
    swift.args(["-Xlinker", &format!("-L{library}")]);
    swift.env("LD_LIBRARY_PATH", library)
}

/// Whether this machine can build the package by itself. On Apple's machines that needs the
/// XCFramework, and Xcode.
fn is_here() -> bool {
    cfg!(target_os = "linux") && shell::works(&["swift", "build", "--version"])
}
