//! Archives that are unpacked somewhere: one folder, named after its version and platform.

use super::sbom;
use crate::shell;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// The name of the folder for a language.
pub(super) fn name(language: &str) -> Result<String> {
    let version = env!("CARGO_PKG_VERSION");
    Ok(format!("swarmlet-{language}-{version}-{}", sbom::host()?))
}

/// Puts an archive in the place of a folder.
pub(super) fn pack(inside: &Path) -> Result<()> {
    let name = inside.file_name().context("a folder has a name")?;
    let folder = inside.parent().context("a folder lies in a folder")?;
    let mut file = inside.as_os_str().to_owned();
    file.push(".tar.gz");
    let owners = ["--owner=0", "--group=0", "--numeric-owner"];
    let mut tar = shell::command(&["tar", "--create", "--gzip"]);
    tar.args(owners).arg("--file").arg(file);
    shell::run(tar.arg("--directory").arg(folder).arg(name))?;
    fs::remove_dir_all(inside).context("cannot remove what was packed")
}
