//! Who may read what the node keeps: its owner, nobody else.
//!
//! Asks and sets what the operating system calls permissions. Where it has none of that kind
//! (Windows), a folder inherits the rights of the profile it is in and nothing is checked.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use swarmlet_engine::{Error, ErrorKind, Result};

/// Permissions of the data folder.
pub(crate) const FOLDER: u32 = 0o700;
/// Permissions of files with secrets.
pub(crate) const FILE: u32 = 0o600;

/// Refuses what others can access, and what its owner cannot.
#[cfg(unix)]
pub(crate) fn check_private(path: &Path, metadata: &Metadata, wanted: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let found = metadata.permissions().mode() & 0o777;
    if found & 0o077 == 0 && found & wanted == wanted {
        return Ok(());
    }
    let message = if found & 0o077 != 0 {
        "others can access what only its owner may"
    } else {
        "the owner cannot access it"
    };
    Err(Error::new(ErrorKind::PermissionDenied, message)
        .with("path", path.display())
        .with("mode", format_args!("{found:03o}"))
        .with(
            "run",
            format_args!("chmod {wanted:03o} '{}'", path.display()),
        ))
}

#[cfg(not(unix))]
pub(crate) fn check_private(_: &Path, _: &Metadata, _: u32) -> Result<()> {
    Ok(())
}

/// Makes files that only their owner can access.
#[cfg(unix)]
pub(crate) fn private_file(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;

    options.mode(FILE);
}

#[cfg(not(unix))]
pub(crate) fn private_file(_: &mut OpenOptions) {}

/// Makes a folder that only its owner can access.
#[cfg(unix)]
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    std::fs::DirBuilder::new().mode(FOLDER).create(path)
}

#[cfg(not(unix))]
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir(path)
}

/// Closes an existing folder to others.
#[cfg(unix)]
pub(crate) fn close_folder_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    std::fs::set_permissions(path, std::fs::Permissions::from_mode(FOLDER))
}

#[cfg(not(unix))]
pub(crate) fn close_folder_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes the names in a folder durable.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Windows has no documented way to sync a folder.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
