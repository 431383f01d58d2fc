//! The predecessor as it was released last, installed where a benchmark is to measure it.

use crate::{cargo, setup, shell};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;

/// The last release.
const VERSION: &str = "2.18.2";

/// Installs it, unless that was done before; says where its program is.
pub(super) fn installed() -> Result<PathBuf> {
    let folder = cargo::target().join("bench-ax");
    let program = folder.join("bin/ax");
    if program.is_file() {
        return Ok(program);
    }
    setup::prepare_for_predecessor()?;
    println!("ax is compiled, once; that takes ten minutes and more");
    let build = folder.join("build");
    let words = ["cargo", "install", "ax", "--version", VERSION, "--locked"];
    let mut install = shell::command(&words);
    install.arg("--root").arg(&folder);
    shell::run(install.arg("--target-dir").arg(&build))?;
    fs::remove_dir_all(&build).context("cannot remove what ax was compiled in")?;
    Ok(program)
}
