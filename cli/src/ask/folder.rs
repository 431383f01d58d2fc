//! Folders of the person, which a node keeps as collections: their files go out one after the
//! other, and come back into a folder, those that are not there already.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use swarmlet::{
    BlobId, BlobSize, Collection, CollectionFile, CollectionPath, ErrorKind, folder_files,
    folder_place,
};

use super::converse::Conversation;
use super::errand::{Content, Errand, FolderTo, Place};
use super::reach::Reached;
use super::source::Source;
use crate::arguments::Global;
use crate::background::blocking;
use crate::failure::{Failure, Result};
use crate::request::{BlobName, Blobs, Request};
use crate::show::{Fields, Layout, Printer};

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
struct SavedRow {
    folder: String,
    /// How many files were written.
    written: u64,
    /// How many were there already.
    unchanged: u64,
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
    let rows: Result<Vec<FileRow>, _> =
        serde_json::from_str(row.value("files").unwrap_or_default());
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

/// Saves the files of a collection below a folder, each in a conversation of its own. If one fails,
/// those before it stay; repeated it goes on.
pub(super) async fn save(
    reached: &mut Reached,
    files: &Collection,
    to: &FolderTo,
    global: &Global,
) -> Result<()> {
    let Place::File(folder) = &to.place else {
        let failure = Failure::invalid("the blob is a folder, which has no bytes of its own");
        return Err(failure.advise("name a folder to save its files in"));
    };
    let failed = |error| Failure::io(format!("cannot make {}", folder.display()), error);
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut saved = SavedRow::new(folder);
    for (path, file) in files.iter() {
        let (folder, path) = (folder.clone(), path.clone());
        // All of what is there may have to be read.
        let looking = blocking(move || folder_place(folder, &path, file));
        let Some(place) = looking.await? else {
            saved.unchanged += 1;
            continue;
        };
        let request = Request::Blobs(Blobs::Get {
            blob: BlobName::Id(file.id),
            within: to.within,
            is_raw: true,
        });
        let errand = Errand::new(request, Layout::Card).writing_bytes(Place::Member(place));
        let conversation = Conversation::new(errand, global.format(), global.quiet)?;
        reached.hold(conversation).await?;
        saved.written += 1;
    }
    let mut printer = Printer::new(global.format(), global.quiet, Layout::Text(SavedRow::text));
    printer.print(&saved)?;
    printer.close()
}

impl SavedRow {
    fn new(folder: &Path) -> Self {
        Self {
            folder: folder.display().to_string(),
            written: 0,
            unchanged: 0,
        }
    }

    /// As people read it.
    fn text(row: &Fields) -> String {
        let (written, unchanged) = (row.number("written"), row.number("unchanged"));
        format!("{written} files written, {unchanged} unchanged")
    }
}
