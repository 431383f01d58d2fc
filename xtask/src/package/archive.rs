//! Archives that are unpacked somewhere: one folder, named after its version and platform, with the
//! guide, the licence and the bill of materials.

use super::sbom;
use crate::{cargo, root, shell};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of a language that becomes an archive in `folder`.
pub(super) fn inside(language: &str, folder: &Path) -> Result<PathBuf> {
    let version = env!("CARGO_PKG_VERSION");
    let name = format!("swarmlet-{language}-{version}-{}", cargo::host()?);
    Ok(folder.join(name))
}

/// Adds what every archive has, and puts an archive in the place of the folder. What is inside is
/// the crate `of`.
pub(super) fn pack(language: &str, of: &str, inside: &Path) -> Result<()> {
    let guide = format!("docs/guide/{language}.md");
    for (from, to) in [("LICENSE", "LICENSE"), (&guide, "README.md")] {
        fs::copy(root::path(from), inside.join(to))
            .with_context(|| format!("cannot copy {from}"))?;
    }
    let folder = inside.parent().context("a folder lies in a folder")?;
    let materials = format!("swarmlet-{language}.cdx.json");
    sbom::write(of, &inside.join(&materials))?;
    fs::copy(inside.join(&materials), folder.join(&materials))
        .context("cannot copy the bill of materials")?;
    let name = inside.file_name().context("a folder has a name")?;
    let mut file = inside.as_os_str().to_owned();
    file.push(".tar.gz");
    let owners = ["--owner=0", "--group=0", "--numeric-owner"];
    let mut tar = shell::command(&["tar", "--create", "--gzip"]);
    tar.args(owners).arg("--file").arg(file);
    shell::run(tar.arg("--directory").arg(folder).arg(name))?;
    fs::remove_dir_all(inside).context("cannot remove what was packed")
}
