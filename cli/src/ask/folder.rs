//! Folders of the person, which a node keeps as collections: their files go out one after the
//! other, and come back into a folder, those that are not there already.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use swarmlet::{
    BlobId, BlobSize, Collection, CollectionFile, CollectionPath, ErrorKind, folder_files,
    folder_place,
};

use super::errand::{Content, Place};
use super::source::Source;
use crate::failure::{Failure, Result};
use crate::show::Fields;

/// The files of a folder that a node gets.
pub(super) struct Folder {
    files: std::vec::IntoIter<(CollectionPath, PathBuf)>,
    /// Bytes of all of them.
    size: u64,
}

/// A file of a collection, as a node tells of it.
#[derive(Deserialize)]
struct FileRow {
    path: String,
    blob: String,
    size: u64,
}

/// What became of a folder.
#[derive(Serialize)]
pub(super) struct SavedRow {
    folder: String,
    /// How many files were written.
    pub(super) written: u64,
    /// How many were there already.
    pub(super) unchanged: u64,
}

impl Folder {
    /// Looks at all that is in a folder, before anything of it is sent.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let files = folder_files(folder)?;
        let sizes = files.iter().map(|(_, file)| {
            let failed = |error| Failure::io(format!("cannot read {}", file.display()), error);
            Ok(file.metadata().map_err(failed)?.len())
        });
        let size = sizes.sum::<Result<u64>>()?;
        let files = files.into_iter();
        Ok(Self { files, size })
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The next file.
    pub(super) fn next_file(&mut self) -> Result<Option<(CollectionPath, Source)>> {
        let Some((path, file)) = self.files.next() else {
            return Ok(None);
        };
        let source = Source::open(&Place::File(file), Content::Whole)?;
        Ok(Some((path, source)))
    }
}

/// The files that a node tells of in a row.
pub(super) fn files_of(row: &Fields) -> Result<Collection> {
    let rows: Result<Vec<FileRow>, _> = serde_json::from_str(row.value("files").unwrap_or("[]"));
    let rows = rows.map_err(|error| {
        let message = format!("the node's answer cannot be understood: {error}");
        Failure::new(ErrorKind::Internal, message)
    })?;
    let mut files = Collection::new();
    for FileRow { path, blob, size } in rows {
        let file = CollectionFile {
            id: blob.parse::<BlobId>()?,
            size: BlobSize::new(size)?,
        };
        files.insert(CollectionPath::new(path)?, file)?;
    }
    Ok(files)
}

/// Where a file is to be written below a folder; nowhere if it is there already. All of it may have
/// to be read for that.
pub(super) async fn place_of(
    folder: &Path,
    path: &CollectionPath,
    file: CollectionFile,
) -> Result<Option<PathBuf>> {
    let (folder, path) = (folder.to_owned(), path.clone());
    let looking = tokio::task::spawn_blocking(move || folder_place(folder, &path, file));
    match looking.await {
        Ok(place) => Ok(place?),
        Err(error) => Err(Failure::new(ErrorKind::Internal, error.to_string())),
    }
}

impl SavedRow {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.display().to_string(),
            written: 0,
            unchanged: 0,
        }
    }

    /// As people read it.
    pub(super) fn text(row: &Fields) -> String {
        let (written, unchanged) = (row.number("written"), row.number("unchanged"));
        format!("{written} files written, {unchanged} unchanged")
    }
}
