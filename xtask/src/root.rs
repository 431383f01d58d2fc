//! Where the repository is. Paths below it are written with forward slashes, as git does.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn folder() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .parent()
        .expect("the package lies in a folder of the workspace")
        .to_path_buf()
}

/// The path of a file or folder named relative to the repository.
pub(crate) fn path(relative: &str) -> PathBuf {
    folder().join(relative)
}

/// The files of a folder, named as it is, whose names end so; in the order of their names.
pub(crate) fn files(folder: &str, ending: &str) -> Result<Vec<String>> {
    let entries = fs::read_dir(path(folder));
    let mut files = Vec::new();
    for entry in entries.with_context(|| format!("cannot read {folder}"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(ending) {
            files.push(format!("{folder}/{name}"));
        }
    }
    files.sort();
    Ok(files)
}
