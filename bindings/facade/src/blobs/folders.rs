//! Folders, which are stored and fetched as collections.

use std::path::PathBuf;
use std::time::Duration;

use swarmlet::{BlobId, BlobInfo, Collection, SavedFolder};

use super::handle::{BlobOptions, Blobs};
use crate::completion::{Completion, Waiting};

/// A file of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderFile {
    /// Where it is below the folder, with `/` between names.
    pub path: String,
    /// The id of its bytes.
    pub id: BlobId,
    /// How many they are.
    pub size: u64,
}

impl Blobs {
    /// Stores the files of a folder, and of the folders in it, as a collection. Given up, it may
    /// end all the same.
    pub fn put_folder(
        &self,
        path: PathBuf,
        options: BlobOptions,
        completion: Completion<BlobInfo>,
    ) -> Waiting {
        self.wait("put_folder", None, completion, |blobs| async move {
            blobs.put_folder(path, options.into_options()).await
        })
    }

    /// The files of a collection, in the order of their paths. It is fetched if it is not here; its
    /// files are not.
    pub fn collection(
        &self,
        id: &str,
        timeout: Option<Duration>,
        completion: Completion<Vec<FolderFile>>,
    ) -> Waiting {
        let id = id.parse::<BlobId>();
        self.wait("collection", timeout, completion, |blobs| async move {
            Ok(files(&blobs.collection(id?).await?))
        })
    }

    /// Writes the files of a collection below a folder, those that are missing there or have other
    /// bytes. Given up, it leaves what was written.
    pub fn save_folder(
        &self,
        id: &str,
        path: PathBuf,
        timeout: Option<Duration>,
        completion: Completion<SavedFolder>,
    ) -> Waiting {
        let id = id.parse::<BlobId>();
        self.wait("save_folder", timeout, completion, |blobs| async move {
            blobs.save_folder(id?, path).await
        })
    }
}

fn files(collection: &Collection) -> Vec<FolderFile> {
    let file = |(path, file): (&swarmlet::CollectionPath, swarmlet::CollectionFile)| FolderFile {
        path: path.to_string(),
        id: file.id,
        size: file.size.get(),
    };
    collection.iter().map(file).collect()
}
