//! The Python environment below `target`, with the pinned programs that tests use.

use crate::{root, shell};
use anyhow::{Context, Result};
use std::fs;

/// What is installed into the environment. Without this file no environment is needed.
const REQUIREMENTS: &str = "python/requirements-dev.txt";

/// The text of the requirements, empty where there are none.
pub(crate) fn requirements() -> Result<String> {
    if !root::path(REQUIREMENTS).is_file() {
        return Ok(String::new());
    }
    let text = fs::read_to_string(root::path(REQUIREMENTS));
    text.with_context(|| format!("cannot read {REQUIREMENTS}"))
}

/// Whether the environment exists, or none is needed.
pub(crate) fn is_there() -> bool {
    !root::path(REQUIREMENTS).is_file() || shell::venv_program("maturin").is_file()
}

/// Makes the environment anew if it does not work, and installs the requirements.
pub(crate) fn prepare() -> Result<()> {
    if !root::path(REQUIREMENTS).is_file() {
        return Ok(());
    }
    let python = shell::venv_program("python");
    if !python
        .to_str()
        .is_some_and(|python| shell::works(&[python, "-m", "pip", "--version"]))
    {
        if root::path(shell::VENV).exists() {
            fs::remove_dir_all(root::path(shell::VENV))?;
        }
        shell::run(&mut shell::command(&["python3", "-m", "venv", shell::VENV]))?;
    }
    let quiet = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    let arguments = [&quiet[..], &["--requirement", REQUIREMENTS]].concat();
    shell::run(&mut shell::venv_command("python", &arguments))
}
