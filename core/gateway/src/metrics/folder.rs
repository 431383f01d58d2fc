//! What lies in the data folder beside events and blobs.

use std::path::Path;

/// Bytes of the files there, a handful: identity, certificates, what apps keep. Events and blobs
/// are in folders of their own.
pub(super) fn bytes_beside(folder: &Path) -> Option<u64> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let files = entries.filter_map(|entry| entry.metadata().ok().filter(|about| about.is_file()));
    Some(files.map(|about| about.len()).sum())
}
