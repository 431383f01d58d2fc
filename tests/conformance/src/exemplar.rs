//! The exemplar: a store that was made once, is committed, and has to read the same everywhere.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Takes away what a repository need not keep: the lock, and the zeros that a log is preallocated
/// with.
pub(crate) fn trim(store: &Path) -> Result<()> {
    fs::remove_file(store.join("LOCK")).context("a store has a lock")?;
    for entry in fs::read_dir(store.join("log"))? {
        let path = entry?.path();
        let bytes = fs::read(&path)?;
        let used = bytes.iter().rposition(|byte| *byte != 0);
        let kept = used.map_or(0, |last| (last + 1).next_multiple_of(PAGE));
        fs::write(&path, &bytes[..kept.min(bytes.len())])?;
    }
    Ok(())
}

/// Gives a copy of it the empty folders and the rights that a repository does not keep.
pub(crate) fn furnish(copy: &Path) -> Result<()> {
    for folder in ["log", "segments", "aside"] {
        fs::create_dir_all(copy.join(folder))?;
    }
    keep_private(copy)
}

/// Takes the rights of others from a folder and from all that is in it.
fn keep_private(folder: &Path) -> Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            keep_private(&entry.path())?;
        } else {
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

const PAGE: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host;

    #[test]
    fn zeros_behind_the_log_are_not_kept_and_a_copy_has_the_rights_of_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let (store, copy) = (folder.path().join("store"), folder.path().join("copy"));
        fs::create_dir_all(store.join("log")).unwrap();
        fs::write(store.join("LOCK"), "").unwrap();
        let log = [&[1_u8; 5000][..], &[0; 20_000]].concat();
        fs::write(store.join("log/1.wal"), log).unwrap();
        trim(&store).unwrap();
        host::copy(&store, &copy).unwrap();
        furnish(&copy).unwrap();
        assert_eq!(fs::metadata(copy.join("log/1.wal")).unwrap().len(), 8192);
        assert!(copy.join("segments").is_dir() && !copy.join("LOCK").exists());
        let mode = |path: &str| fs::metadata(copy.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("log"), mode("log/1.wal")), (0o700, 0o600));
    }
}
