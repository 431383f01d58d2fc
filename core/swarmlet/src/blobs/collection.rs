//! The door for users, third part: folders, which are stored and fetched as collections.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use swarmlet_engine::blobs::limits::{
    COLLECTION_BYTES_MAX, COLLECTION_DEPTH_MAX, COLLECTION_FILES_MAX,
};
use swarmlet_engine::blobs::{BlobId, BlobSize, Collection, CollectionFile, CollectionPath};
use swarmlet_engine::{Error, Result};

use super::collecting::CollectionWriter;
use super::handle::Blobs;
use super::info::{BlobInfo, PutOptions};
use crate::clock::Stopwatch;
use crate::limits::BLOB_READ_BYTES;

/// What became of a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedFolder {
    /// How many files were written.
    pub written: u64,
    /// How many were there already, with the same bytes.
    pub unchanged: u64,
}

impl Blobs {
    /// Stores the files of a folder, and of the folders in it, as a collection: a blob that lists
    /// them. Its id stands for all of them; a later version shares what has not changed.
    ///
    /// The files have records of their own, which say of which collection they are, and are held
    /// and kept with it; [`Blobs::list`] leaves them out. All records are published together, when
    /// all bytes are durable.
    ///
    /// # Errors
    ///
    /// As [`Blobs::put_file`]; `invalid_argument` for links and for names that files cannot have
    /// everywhere, with the path, and for more than 8 192 files. Nothing is published then.
    pub async fn put_folder(
        &self,
        path: impl AsRef<Path>,
        options: PutOptions,
    ) -> Result<BlobInfo> {
        let (blobs, path): (_, PathBuf) = (self.clone(), path.as_ref().to_owned());
        self.in_background(move || blobs.put_folder_blocking(path, options))
            .await
    }

    /// As [`Blobs::put_folder`], for callers without a runtime.
    ///
    /// # Errors
    ///
    /// As [`Blobs::put_folder`].
    pub fn put_folder_blocking(
        &self,
        path: impl AsRef<Path>,
        options: PutOptions,
    ) -> Result<BlobInfo> {
        self.store_folder(path.as_ref(), options)
            .map_err(|error| error.during("put_folder"))
    }

    /// Begins a collection whose files come one after the other, for programs that have no folder
    /// of them.
    ///
    /// # Errors
    ///
    /// As [`Blobs::put`]; `invalid_argument` by reference, for which there have to be files.
    pub fn collection_writer(&self, options: PutOptions) -> Result<CollectionWriter> {
        let refuse = |writer: CollectionWriter| match writer.is_reference() {
            true => Err(Error::invalid("only a file can be stored by reference")),
            false => Ok(writer),
        };
        let begun = CollectionWriter::begin(self.clone(), options).and_then(refuse);
        begun.map_err(|error| error.during("put_folder"))
    }

    /// The files of a collection. It is fetched if it is not here; its files are not.
    ///
    /// # Errors
    ///
    /// As [`BlobReader::next_chunk`](super::BlobReader::next_chunk); `corrupt` if the blob is no
    /// collection.
    pub async fn collection(&self, id: BlobId) -> Result<Collection> {
        let read = self.get(id).read_all(COLLECTION_BYTES_MAX).await;
        read.and_then(|bytes| Collection::decode(&bytes))
            .map_err(|error| error.during("collection"))
    }

    /// As [`Blobs::collection`], for callers without a runtime; `timeout` if it takes longer.
    ///
    /// # Errors
    ///
    /// As [`Blobs::collection`].
    pub fn collection_blocking(&self, id: BlobId, timeout: Option<Duration>) -> Result<Collection> {
        let read = self
            .get(id)
            .read_all_blocking(COLLECTION_BYTES_MAX, timeout);
        read.and_then(|bytes| Collection::decode(&bytes))
            .map_err(|error| error.during("collection"))
    }

    /// Writes the files of a collection below a folder, those that are missing there or have other
    /// bytes; what is not here is fetched. Each file appears when all of it is there. What else is
    /// in the folder stays. If it fails, or the future is dropped, what was written stays; repeated
    /// it goes on.
    ///
    /// # Errors
    ///
    /// As [`Blobs::collection`], and those of the files; `invalid_argument` if a link is in the
    /// place of a folder.
    pub async fn save_folder(&self, id: BlobId, path: impl AsRef<Path>) -> Result<SavedFolder> {
        let folder = path.as_ref().to_owned();
        let collection = self.collection(id).await?;
        let save = async {
            let mut saved = SavedFolder::default();
            for (path, file) in collection.iter() {
                let (folder, path) = (folder.clone(), path.clone());
                let place = move || folder_place(&folder, &path, file);
                let Some(target) = self.in_background(place).await? else {
                    saved.unchanged += 1;
                    continue;
                };
                self.get(file.id).save(target).await?;
                saved.written += 1;
            }
            Ok(saved)
        };
        save.await
            .map_err(|error: Error| error.during("save_folder"))
    }

    /// As [`Blobs::save_folder`], for callers without a runtime; `timeout` if it takes longer.
    ///
    /// # Errors
    ///
    /// As [`Blobs::save_folder`].
    pub fn save_folder_blocking(
        &self,
        id: BlobId,
        path: impl AsRef<Path>,
        timeout: Option<Duration>,
    ) -> Result<SavedFolder> {
        let waited = Stopwatch::start();
        let left = || timeout.map(|timeout| timeout.saturating_sub(waited.elapsed()));
        let save = || {
            let mut saved = SavedFolder::default();
            for (place, file) in self.collection_blocking(id, timeout)?.iter() {
                let Some(target) = folder_place(path.as_ref(), place, file)? else {
                    saved.unchanged += 1;
                    continue;
                };
                self.get(file.id).save_blocking(target, left())?;
                saved.written += 1;
            }
            Ok(saved)
        };
        save().map_err(|error: Error| error.during("save_folder"))
    }

    fn store_folder(&self, folder: &Path, options: PutOptions) -> Result<BlobInfo> {
        let mut writer = CollectionWriter::begin(self.clone(), options)?;
        for (path, file) in folder_files(folder)? {
            writer.copy(path, &file)?;
        }
        writer.finish_blocking()
    }
}

/// The files of a folder, and of the folders in it, with the paths that they have in a collection
/// of it: for programs that carry the bytes themselves, by [`Blobs::collection_writer`].
///
/// # Errors
///
/// As [`Blobs::put_folder`], as far as it reads no file.
pub fn folder_files(folder: impl AsRef<Path>) -> Result<Vec<(CollectionPath, PathBuf)>> {
    let mut files = Vec::new();
    find_files(folder.as_ref(), "", 0, &mut files)?;
    check_paths(&files)?;
    Ok(files)
}

/// Whether these can be the paths of a collection, before anything is stored.
fn check_paths(files: &[(CollectionPath, PathBuf)]) -> Result<()> {
    let (id, size) = (BlobId::of(b""), BlobSize::new(0)?);
    let mut collection = Collection::new();
    files.iter().try_for_each(|(path, file)| {
        let inserted = collection.insert(path.clone(), CollectionFile { id, size });
        inserted.map_err(|error| error.with("file", file.display()))
    })
}

/// The files of a folder, and of those in it, in the order of their names.
fn find_files(
    folder: &Path,
    below: &str,
    depth: usize,
    found: &mut Vec<(CollectionPath, PathBuf)>,
) -> Result<()> {
    let failed = |error| Error::io("cannot read a folder", error).with("path", folder.display());
    if depth == COLLECTION_DEPTH_MAX {
        return Err(Error::invalid("folders are in each other too deep")
            .with("path", folder.display())
            .with("limit", COLLECTION_DEPTH_MAX));
    }
    let entries = fs::read_dir(folder).map_err(failed)?;
    let mut entries: Vec<fs::DirEntry> = entries.collect::<Result<_, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (name, path) = (entry.file_name(), entry.path());
        let refused = |why: &'static str| Error::invalid(why).with("path", path.display());
        let name = name
            .to_str()
            .ok_or_else(|| refused("the name of a file in a collection must be Unicode"))?;
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            find_files(&path, &format!("{below}{name}/"), depth + 1, found)?;
        } else if !kind.is_file() {
            return Err(refused("a collection can have folders and files only"));
        } else if found.len() == COLLECTION_FILES_MAX {
            return Err(refused("a collection must have at most 8192 files"));
        } else {
            found.push((CollectionPath::new(format!("{below}{name}"))?, path));
        }
    }
    Ok(())
}

/// Where a file of a collection is to be written below a folder, for programs that carry the bytes
/// themselves; nowhere if it is there already, with these bytes. Makes the folders it is in.
///
/// # Errors
///
/// Those of the files; `invalid_argument` if a link is in the place of a folder.
pub fn folder_place(
    folder: impl AsRef<Path>,
    path: &CollectionPath,
    file: CollectionFile,
) -> Result<Option<PathBuf>> {
    let mut place = folder.as_ref().to_owned();
    let failed = |place: &Path, error| {
        Error::io("cannot write a file of a collection", error).with("path", place.display())
    };
    let mut names = path.names().peekable();
    while let Some(name) = names.next() {
        fs::create_dir_all(&place).map_err(|error| failed(&place, error))?;
        place.push(name);
        let there = fs::symlink_metadata(&place);
        let is_link = there.as_ref().is_ok_and(fs::Metadata::is_symlink);
        if is_link && names.peek().is_some() {
            let message = "a link is in the place of a folder of a collection";
            return Err(Error::invalid(message).with("path", place.display()));
        }
    }
    let is_same = match fs::metadata(&place) {
        Ok(there) if there.is_file() && there.len() == file.size.get() => {
            let opened = fs::File::open(&place).map_err(|error| failed(&place, error))?;
            let reader = std::io::BufReader::with_capacity(BLOB_READ_BYTES, opened);
            BlobId::of_reader(reader).map_err(|error| failed(&place, error))? == file.id
        }
        _ => false,
    };
    Ok((!is_same).then_some(place))
}
