//! The C library, tested as users get it: installed, found by CMake and by pkg-config, and its
//! tests run as they are, with AddressSanitizer, and under valgrind.

use super::package::expect;
use crate::cargo::Profile;
use crate::{root, shell};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How the library is installed.
pub(crate) const MANIFEST: &str = "c-include/CMakeLists.txt";
const TESTS: &str = "c-include/tests";
/// The programs of README and guide, and how each is compiled.
const CONSUMERS: &[(&str, &[&str])] = &[
    ("examples/press.c", &["cc", "-std=c11"]),
    (
        "examples/press.cpp",
        &["c++", "-std=c++17", "-fno-exceptions", "-fno-rtti"],
    ),
];
/// What they say.
pub(super) const PRESS_SAYS: &str = "stopped: {\"reason\":\"jam\"}\n1 events\n";
/// Everything that is built and installed here.
const FOLDER: &str = "target/c";
/// valgrind finds what the compiler's instrument does not: reads of what was never written, also by
/// the library. What is still reachable at the end belongs to threads that go on until then.
const VALGRIND: &str = "valgrind;--quiet;--error-exitcode=9;--leak-check=full;\
    --errors-for-leak-kinds=definite;--show-leak-kinds=definite;--fair-sched=try";

/// Installs the library and runs everything.
pub(crate) fn run() -> Result<()> {
    let prefix = prefix()?;
    let plain = build(TESTS, "plain", &prefix, &["-DPANICS=ON"])?;
    shell::run(&mut ctest(&plain, &[]))?;
    let sanitized = build(
        TESTS,
        "sanitized",
        &prefix,
        &["-DSANITIZE=ON", "-DENDINGS=5"],
    )?;
    shell::run(&mut ctest(&sanitized, &[]))?;
    let launcher = format!("-DLAUNCHER={VALGRIND}");
    let watched = build(TESTS, "valgrind", &prefix, &[&launcher, "-DENDINGS=1"])?;
    // What these are about, the others are too; they take as long as all of those.
    let others = ["--exclude-regex", "connector|convenience|two_devices"];
    shell::run(&mut ctest(&watched, &others))?;
    for (source, compiler) in CONSUMERS {
        check_consumer(&prefix, source, compiler, false)?;
        check_consumer(&prefix, source, compiler, true)?;
    }
    Ok(())
}

/// The library as tests use it, installed into a prefix of its own.
pub(super) fn prefix() -> Result<PathBuf> {
    let prefix = root::path(FOLDER).join("prefix");
    install(Profile::Dev, &prefix)?;
    Ok(prefix)
}

/// Builds the library and installs it, and nothing but it, into the prefix.
pub(crate) fn install(profile: Profile, prefix: &Path) -> Result<()> {
    let build = root::path(FOLDER).join("library");
    if prefix.exists() {
        fs::remove_dir_all(prefix).with_context(|| format!("cannot empty {}", prefix.display()))?;
    }
    let mut configure = shell::command(&["cmake", "-S", "c-include"]);
    configure.arg(format!("-DSWARMLET_PROFILE={}", profile.name()));
    shell::run(configure.arg("-B").arg(&build))?;
    shell::run(shell::command(&["cmake", "--build"]).arg(&build))?;
    let mut install = shell::command(&["cmake", "--install"]);
    shell::run(install.arg(&build).arg("--prefix").arg(prefix))
}

/// Builds a project against the installed library with further `options`, in a folder of that name.
pub(super) fn build(project: &str, name: &str, prefix: &Path, options: &[&str]) -> Result<PathBuf> {
    let build = root::path(FOLDER).join(name);
    let mut configure = shell::command(&["cmake", "-S", project, "-B"]);
    configure.arg(&build).args(options);
    let mut found = std::ffi::OsString::from("-DCMAKE_PREFIX_PATH=");
    found.push(prefix);
    shell::run(configure.arg(found))?;
    shell::run(
        shell::command(&["cmake", "--build"])
            .arg(&build)
            .args(["--parallel", "2"]),
    )?;
    Ok(build)
}

fn ctest(build: &Path, options: &[&str]) -> Command {
    let mut ctest = shell::command(&["ctest", "--output-on-failure", "--parallel", "2"]);
    ctest
        .args(["--timeout", "300", "--test-dir"])
        .arg(build)
        .args(options);
    ctest
}

/// Compiles a program, runs it, and looks at what it says.
fn check_consumer(prefix: &Path, source: &str, compiler: &[&str], is_static: bool) -> Result<()> {
    let work = root::path(FOLDER).join("consumer");
    if work.exists() {
        fs::remove_dir_all(&work).with_context(|| format!("cannot empty {FOLDER}"))?;
    }
    fs::create_dir_all(&work).with_context(|| format!("cannot create {FOLDER}"))?;
    let program = work.join("press");
    compile(prefix, source, compiler, is_static, &program)?;
    let mut press = Command::new(&program);
    press
        .current_dir(&work)
        .env("LD_LIBRARY_PATH", prefix.join("lib"));
    expect(&mut press, PRESS_SAYS)
}

/// Compiles a program with what pkg-config says of the installed library.
pub(crate) fn compile(
    prefix: &Path,
    source: &str,
    compiler: &[&str],
    is_static: bool,
    program: &Path,
) -> Result<()> {
    let flags = pkg_config(prefix, is_static)?;
    let mut compile = shell::command(compiler);
    compile.args(["-Wall", "-Wextra", "-Werror", "-o"]);
    compile.arg(program).arg(source);
    // The shared library lies beside the static one, and the linker would rather take that.
    let archive = prefix.join("lib/libswarmlet.a");
    for flag in &flags {
        if is_static && flag == "-lswarmlet" {
            compile.arg(&archive);
        } else {
            compile.arg(flag);
        }
    }
    shell::run(&mut compile)
}

fn pkg_config(prefix: &Path, is_static: bool) -> Result<Vec<String>> {
    let mut pkg_config = shell::command(&["pkg-config", "--cflags", "--libs", "swarmlet"]);
    pkg_config.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
    if is_static {
        pkg_config.arg("--static");
    }
    let output = pkg_config.output().context("cannot start pkg-config")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "pkg-config: {errors}");
    let flags = String::from_utf8(output.stdout).context("flags are not UTF-8")?;
    Ok(flags.split_whitespace().map(str::to_owned).collect())
}
