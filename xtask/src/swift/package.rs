//! The package: what is generated for it, and its tests.

use super::debian::{Debian, INSIDE};
use crate::{kotlin, root, shell};
use anyhow::{Context, Result};
use std::fs;
use std::process::Command;

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

/// Builds the library for this machine, and writes the sources that belong to it.
pub(crate) fn prepare() -> Result<()> {
    let library = kotlin::build(&[])?;
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
    kotlin::copy(&library, &out)?;
    Ok(())
}

/// Builds the package and runs its tests, or says in one line why not.
pub(crate) fn test() -> Result<()> {
    shell::run(&mut shell::command(&["sh", "-n", XCFRAMEWORK]))?;
    let tests: Result<Command, _> = if is_here() {
        prepare()?;
        let out = root::path(OUT);
        Ok(swift_test(
            shell::command(&["swift"]),
            &out.display().to_string(),
        ))
    } else {
        Debian::prepared().and_then(|debian| {
            prepare().map_err(|error| format!("{error:#}"))?;
            Ok(swift_test(
                debian.command("swift"),
                &format!("{INSIDE}/{OUT}"),
            ))
        })
    };
    match tests {
        Ok(mut tests) => shell::run(&mut tests),
        Err(reason) => {
            println!("swift: SKIPPED, nothing of Swift was compiled or tested: {reason}");
            Ok(())
        }
    }
}

/// Whether this machine can build the package by itself. On Apple's machines that needs the
/// XCFramework, and Xcode.
fn is_here() -> bool {
    cfg!(target_os = "linux") && shell::works(&["swift", "build", "--version"])
}

fn swift_test(mut swift: Command, out: &str) -> Command {
    swift.args(["test", "--quiet", "--package-path", "swift"]);
    // Less to do: nobody looks at the build in a debugger.
    swift.args(["-debug-info-format", "none"]);
    swift.arg("--disable-swift-testing");
    swift.arg("--scratch-path").arg(format!("{out}/build"));
    swift.args(["-Xlinker", &format!("-L{out}")]);
    swift.env("LD_LIBRARY_PATH", out);
    swift
}
