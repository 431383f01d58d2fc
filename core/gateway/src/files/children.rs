//! What is in a folder: files, and folders that are found by a CID of their own as well.

use swarmlet::{BlobId, Collection, CollectionEntry};

use super::cid::{Cid, Kind};

/// Something in a folder.
pub(super) struct Child {
    pub(super) name: String,
    pub(super) cid: Cid,
    /// Bytes of the file, or of all files below the folder.
    pub(super) size: u64,
}

/// What is in the folder at `path`, by name; nothing if there is none.
pub(super) fn children(folder: &Collection, path: &str) -> Vec<Child> {
    let mut folder = folder.clone();
    for name in path.split('/').filter(|name| !name.is_empty()) {
        folder = match folder.entries().remove(name) {
            Some(CollectionEntry::Folder(below)) => below,
            _ => return Vec::new(),
        };
    }
    let entries = folder.entries().into_iter();
    entries.map(|(name, entry)| child(name, &entry)).collect()
}

fn child(name: String, entry: &CollectionEntry) -> Child {
    let (kind, id, size) = match entry {
        CollectionEntry::File(file) => (Kind::File, file.id, file.size.get()),
        CollectionEntry::Folder(folder) => {
            let size = folder.iter().map(|(_, file)| file.size.get()).sum();
            (Kind::Folder, BlobId::of(&folder.encode()), size)
        }
    };
    let cid = Cid { kind, id };
    Child { name, cid, size }
}
