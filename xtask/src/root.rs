//! Where the repository is. Paths below it are written with forward slashes, as git does.

use std::path::{Path, PathBuf};

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
