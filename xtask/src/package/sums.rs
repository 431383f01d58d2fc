//! The sums of everything that was packed, as `sha256sum --check` reads them.

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const NAME: &str = "SHA256SUMS";

/// Writes the list of sums into the folder, and gives it.
pub(super) fn write(folder: &Path) -> Result<String> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let mut list = String::new();
    for file in files {
        let name = file.strip_prefix(folder).context("a file of the folder")?;
        let name = name.to_str().context("a name is not UTF-8")?;
        if name != NAME {
            let bytes = fs::read(&file).with_context(|| format!("cannot read {name}"))?;
            for byte in Sha256::digest(&bytes) {
                write!(list, "{byte:02x}")?;
            }
            writeln!(list, "  {name}")?;
        }
    }
    fs::write(folder.join(NAME), &list).with_context(|| format!("cannot write {NAME}"))?;
    Ok(list)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()));
    for entry in entries? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
