//! The data folder: whose it is, which format it has, and that only one node uses it.
//!
//! ```text
//! FORMAT          "swarmlet data folder", format version, node id; written last on first use
//! LOCK            locked while a node is open; holds the number of its process, for messages
//! identity.key    the secret key of the device (see `identity`)
//! log/ segments/ aside/           the engine's
//! gateway.redb    what apps keep at a gateway, if there is one
//! ```
//!
//! Everything is checked at every open and nothing is repaired: a folder that is not as it must
//! be is an error that says what to do. The engine's files are the engine's business.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use swarmlet_engine::event::{NodeId, Signer};
use swarmlet_engine::{Error, ErrorKind, Result};

use crate::identity::{FileKeys, KEY_FILE, KEY_FILE_BEGUN, KeyStore};
use crate::limits::FORMAT_BYTES_MAX;
use crate::permission;

/// A data folder that this node, and no other, has open.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    lock: File,
}

impl DataFolder {
    /// Makes the folder if there is none, checks that it is ours, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        make(path).map_err(|err| cannot_make(path, err))?;
        if !is_ours(path)? {
            permission::close_folder_to_others(path).map_err(|err| not_writable(path, err))?;
        }
        let metadata = fs::metadata(path).map_err(|err| cannot_make(path, err))?;
        permission::check_private(path, &metadata, permission::FOLDER)?;
        let lock = lock(path)?;
        Ok(Self {
            path: path.to_owned(),
            lock,
        })
    }

    /// Checks and locks a folder that is a device already, and says which.
    ///
    /// # Errors
    ///
    /// As [`DataFolder::open`], and `not_found` if there is none.
    pub(crate) fn open_existing(path: &Path) -> Result<(Self, NodeId)> {
        let node = read_format(path)?.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "there is no data folder").with("path", path.display())
        })?;
        Ok((Self::open(path)?, node))
    }

    /// The key of this device, made on first use, and the mark that the folder is ours.
    pub(crate) fn identity(&self, keys: Option<&dyn KeyStore>) -> Result<Arc<dyn Signer>> {
        let file_keys = FileKeys::new(&self.path);
        let keys = keys.unwrap_or(&file_keys);
        let expected = read_format(&self.path)?;
        let signer = match (keys.load()?, expected) {
            (Some(signer), _) => signer,
            (None, None) => keys.create()?,
            (None, Some(node)) => {
                return Err(
                    Error::corrupt("the identity of this folder is gone; restore it")
                        .with("path", self.path.join(KEY_FILE).display())
                        .with("node", node),
                );
            }
        };
        match expected {
            None => write_format(&self.path, signer.node_id())
                .map_err(|err| not_writable(&self.path, err))?,
            Some(node) if node != signer.node_id() => {
                return Err(
                    Error::corrupt("the identity is not the one this folder began with")
                        .with("path", self.path.display())
                        .with("expected", node)
                        .with("found", signer.node_id()),
                );
            }
            Some(_) => {}
        }
        Ok(signer)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for DataFolder {
    /// Unlocks explicitly: a forked child shares the lock as long as it lives.
    fn drop(&mut self) {
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(path = %self.path.display(), %error, "cannot unlock the data folder");
        }
    }
}

/// Makes the folder and those above it, durably.
fn make(path: &Path) -> io::Result<()> {
    let mut missing = Vec::new();
    let mut above = Some(path);
    while let Some(folder) = above.filter(|folder| !folder.as_os_str().is_empty()) {
        if folder.exists() {
            break;
        }
        missing.push(folder);
        above = folder.parent();
    }
    for folder in missing.into_iter().rev() {
        let made = if folder == path {
            permission::make_private_folder(folder)
        } else {
            fs::create_dir(folder)
        };
        match made {
            Err(err) if err.kind() != io::ErrorKind::AlreadyExists => return Err(err),
            _ => {}
        }
        let parent = folder
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        permission::sync_folder(parent.unwrap_or(Path::new(".")))?;
    }
    if path.is_dir() {
        Ok(())
    } else {
        Err(io::ErrorKind::NotADirectory.into())
    }
}

/// Whether the folder is in use by us; it is not if it is empty, and anybody else's is an error.
fn is_ours(path: &Path) -> Result<bool> {
    if read_format(path)?.is_some() {
        return Ok(true);
    }
    match check_unused(path) {
        Ok(()) => Ok(false),
        // Another process may have begun the folder since we looked.
        Err(error) => read_format(path)?.map(|_| true).ok_or(error),
    }
}

/// Refuses a folder without `FORMAT` that holds anything else than a first use leaves behind that
/// was interrupted.
fn check_unused(path: &Path) -> Result<()> {
    let failed = |err| Error::io("cannot list the data folder", err).with("path", path.display());
    for entry in fs::read_dir(path).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if !BEGUN_FILES.iter().any(|begun| name == *begun) {
            return Err(Error::invalid(
                "the folder is not a data folder of swarmlet, and not empty; choose another one",
            )
            .with("path", path.display())
            .with("holds", name.to_string_lossy()));
        }
    }
    Ok(())
}

fn lock(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    permission::private_file(&mut options);
    let mut file = options
        .open(path.join(LOCK_FILE))
        .map_err(|err| not_writable(path, err))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let message = "a node has the folder open; close it, or open another folder";
            let mut holder = String::new();
            let known = file.read_to_string(&mut holder).is_ok() && !holder.is_empty();
            let error = Error::new(ErrorKind::Locked, message).with("path", path.display());
            return Err(if known {
                error.with("process", holder.trim())
            } else {
                error
            });
        }
        Err(TryLockError::Error(err)) => {
            return Err(Error::io("cannot lock the data folder", err).with("path", path.display()));
        }
    }
    note_holder(&mut file).map_err(|err| not_writable(path, err))?;
    Ok(file)
}

/// For messages only, so not synced.
fn note_holder(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// The node whose folder this is; nothing if it is nobody's yet.
fn read_format(path: &Path) -> Result<Option<NodeId>> {
    let path = path.join(FORMAT_FILE);
    let mut text = Vec::new();
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(err) => {
            return Err(Error::io("cannot read the format", err).with("path", path.display()));
        }
    };
    file.take(FORMAT_BYTES_MAX)
        .read_to_end(&mut text)
        .map_err(|err| Error::io("cannot read the format", err).with("path", path.display()))?;
    parse_format(&text)
        .map(Some)
        .map_err(|error| error.with("path", path.display()))
}

fn parse_format(text: &[u8]) -> Result<NodeId> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines();
    if lines.next() != Some(MAGIC) {
        return Err(Error::invalid(
            "the folder is not a data folder of swarmlet",
        ));
    }
    let version = lines.next().and_then(|line| line.strip_prefix("format "));
    let version: u32 = version
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| Error::corrupt("the file does not say which format the folder has"))?;
    if version != VERSION {
        let message = "the folder has a format of another release; use a newer release";
        return Err(Error::new(ErrorKind::Incompatible, message)
            .with("format", version)
            .with("supported", VERSION));
    }
    let node = lines.next().and_then(|line| line.strip_prefix("node "));
    node.and_then(|node| node.parse().ok())
        .ok_or_else(|| Error::corrupt("the file does not say which node the folder belongs to"))
}

fn write_format(path: &Path, node: NodeId) -> io::Result<()> {
    let begun = path.join(FORMAT_FILE_BEGUN);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    permission::private_file(&mut options);
    let mut file = options.open(&begun)?;
    write!(file, "{MAGIC}\nformat {VERSION}\nnode {node}\n")?;
    file.sync_all()?;
    fs::rename(&begun, path.join(FORMAT_FILE))?;
    permission::sync_folder(path)
}

fn cannot_make(path: &Path, err: io::Error) -> Error {
    match err.kind() {
        io::ErrorKind::NotADirectory => Error::invalid("the path is not a folder"),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename => {
            Error::invalid("the path cannot name a folder").because(err)
        }
        _ => return not_writable(path, err),
    }
    .with("path", path.display())
}

fn not_writable(path: &Path, err: io::Error) -> Error {
    let error = Error::io("cannot write to the data folder", err);
    let message = "the data folder cannot be written, and a node has to; make it writable";
    match error.kind() {
        ErrorKind::PermissionDenied => {
            Error::new(ErrorKind::PermissionDenied, message).because(error)
        }
        _ => error,
    }
    .with("path", path.display())
}

const FORMAT_FILE: &str = "FORMAT";
const FORMAT_FILE_BEGUN: &str = "FORMAT.tmp";
const LOCK_FILE: &str = "LOCK";
/// What an interrupted first use may have left.
const BEGUN_FILES: [&str; 4] = [LOCK_FILE, FORMAT_FILE_BEGUN, KEY_FILE, KEY_FILE_BEGUN];

const MAGIC: &str = "swarmlet data folder";
/// The layout of the folder; the files of the engine have versions of their own.
const VERSION: u32 = 1;
