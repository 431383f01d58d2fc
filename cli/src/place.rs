//! Which folder is meant when none is named.

use std::path::PathBuf;

/// The folder for the data of programs of this user, where the system has one, and in it ours.
pub(crate) fn folder_default() -> PathBuf {
    data_home().unwrap_or_default().join("swarmlet")
}

#[cfg(target_os = "macos")]
fn data_home() -> Option<PathBuf> {
    Some(std::env::home_dir()?.join("Library/Application Support"))
}

#[cfg(windows)]
fn data_home() -> Option<PathBuf> {
    std::env::var_os("LOCALAPPDATA").map(PathBuf::from)
}

#[cfg(not(any(windows, target_os = "macos")))]
fn data_home() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let named = named.filter(|path| path.is_absolute());
    named.or_else(|| Some(std::env::home_dir()?.join(".local/share")))
}
