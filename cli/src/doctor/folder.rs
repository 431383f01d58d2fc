//! Whether the folder is its owner's only, and whose.

use std::path::Path;

use super::finding::Finding;

const CHECK: &str = "permissions";

/// Looks at the folder and at the secret in it.
#[cfg(unix)]
pub(super) fn permissions(folder: &Path) -> Finding {
    use std::os::unix::fs::MetadataExt as _;

    for (path, wanted) in [
        (folder.to_owned(), 0o700),
        (folder.join("identity.key"), 0o600),
    ] {
        let metadata = match std::fs::metadata(&path) {
            Ok(metadata) => metadata,
            // A keystore may have it instead.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                let found = format!("{}: {error}", path.display());
                return Finding::bad(CHECK, found, "run this as the user whose folder it is");
            }
        };
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            let found = format!("others can access {} (mode {mode:03o})", path.display());
            let advice = format!("chmod {wanted:03o} '{}'", path.display());
            return Finding::bad(CHECK, found, &advice);
        }
        let own = rustix::process::geteuid().as_raw();
        if metadata.uid() != own && own != 0 {
            let found = format!("{} belongs to user {}", path.display(), metadata.uid());
            return Finding::bad(CHECK, found, "run this as the user whose folder it is");
        }
    }
    Finding::good(CHECK, "the folder and the key are their owner's only")
}

#[cfg(not(unix))]
pub(super) fn permissions(_folder: &Path) -> Finding {
    let advice = "see to it that only its user can read the folder";
    Finding::unknown(CHECK, "this system has other permissions", advice)
}
