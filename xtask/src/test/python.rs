//! The Python package, tested as users get it: the wheel is built and installed, then checked.

use crate::cargo::Profile;
use crate::{root, shell};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::PathBuf;

/// The project file of the package.
pub(crate) const MANIFEST: &str = "python/pyproject.toml";
const WHEELS: &str = "target/wheels";

/// Builds the wheel, installs it, runs its tests and the examples, checks its types and its stubs.
pub(crate) fn run() -> Result<()> {
    install(Profile::Dev)?;
    shell::run(&mut shell::venv_command(
        "python",
        &["-m", "pytest", "-q", "python/tests"],
    ))?;
    let examples = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "examples"];
    shell::run(&mut shell::venv_command("python", &examples))?;
    let types = [
        "-m",
        "mypy",
        "--strict",
        "--config-file",
        MANIFEST,
        "-p",
        "swarmlet",
    ];
    shell::run(&mut shell::venv_command("python", &types))?;
    shell::run(&mut shell::venv_command(
        "python",
        &["-m", "mypy.stubtest", "swarmlet._native"],
    ))
}

/// Builds the wheel and installs it where tests and benchmarks find it. Says which file that is.
pub(crate) fn install(profile: Profile) -> Result<PathBuf> {
    let wheels = root::path(WHEELS);
    if wheels.exists() {
        fs::remove_dir_all(&wheels).with_context(|| format!("cannot empty {WHEELS}"))?;
    }
    let mut maturin = shell::venv_command("maturin", &["build", "--quiet", "--out"]);
    maturin.arg(&wheels).args(profile.options());
    shell::run(maturin.current_dir(root::path("python")))?;
    let mut built = fs::read_dir(&wheels).with_context(|| format!("cannot read {WHEELS}"))?;
    let wheel = built.next().context("maturin built no wheel")??.path();
    ensure!(built.next().is_none(), "maturin built more than one wheel");
    let name = wheel
        .to_str()
        .context("the path of the wheel is not UTF-8")?;
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
    ];
    let install = [&install[..], &["--force-reinstall", name]].concat();
    shell::run(&mut shell::venv_command("python", &install))?;
    Ok(wheel)
}
