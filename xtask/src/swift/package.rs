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
    let why = if cfg!(target_os = "linux") {
        match Debian::prepared()? {
            Ok(debian) => return Ok(Some((debian.command("swift"), INSIDE.to_owned()))),
            Err(lack) => format!("`swift build` does not work here, and {lack}"),
        }
    } else {
        "that is done on Linux only; on macOS open the folder swift in Xcode".to_owned()
    };
    println!("swift: SKIPPED, nothing of Swift was compiled or tested: {why}");
    Ok(None)
}

/// With what is built in a folder, and the library of another one.
fn linked<'a>(swift: &'a mut Command, out: &str, library: &str) -> &'a mut Command {
    // Nobody looks at the build in a debugger.
    swift.args(["-debug-info-format", "none"]);
    swift.arg("--scratch-path").arg(format!("{out}/build"));
    swift.args(["-Xlinker", &format!("-L{library}")]);
    swift.env("LD_LIBRARY_PATH", library)
}

/// Whether this machine can build the package by itself; `swift/run.sh` asks the same. On Apple's
/// machines that needs the XCFramework, and Xcode.
fn is_here() -> bool {
    cfg!(target_os = "linux") && shell::works(&["swift", "build", "--version"])
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::swift::place::Place;
    use std::env;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Output;

    /// What `swift/run.sh` does with a program, where `swift` is this script.
    fn started(place: &Place, swift: &str) -> Output {
        let program = |path: &str, text: &str| {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        program("bin/swift", swift);
        program(
            "target/swift/build/debug/Program",
            "echo \"started with $1\"",
        );
        let bins = [place.path().join("bin"), "/usr/bin".into(), "/bin".into()];
        let bins = env::join_paths(bins).unwrap();
        let mut run = Command::new("/bin/sh");
        run.arg(root::path("swift/run.sh"));
        run.args(["debug/Program", "this"]);
        run.env("PATH", bins).env("SWARMLET_SWIFT_ROOT", "none");
        run.current_dir(place.path()).output().unwrap()
    }

    #[test]
    fn programs_are_started_where_the_package_is_built() {
        let place = Place::new("builds");
        let output = started(&place, "test \"$*\" = 'build --version'");
        assert_eq!(output.stdout, b"started with this\n", "{output:?}");
    }

    #[test]
    fn another_program_called_swift_is_no_compiler() {
        let place = Place::new("another");
        let output = started(&place, "test \"$1\" = --version");
        assert_eq!(output.status.code(), Some(77), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said, "SKIPPED: there is no loader for it in none\n");
    }
}
