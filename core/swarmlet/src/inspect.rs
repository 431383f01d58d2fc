//! Looking at a data folder without opening a node: what is in it, and whether all of it is as it
//! was written.
//!
//! The log is judged by the engine, blobs by their names, which are their hashes. Nothing is
//! written but the mark of who has the folder locked, and nothing is put right.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use swarmlet_engine::blobs::{BlobId, PackReport};
use swarmlet_engine::event::NodeId;
use swarmlet_engine::log::{self, StreamRange};
use swarmlet_engine::storage::{FileName, FsDisk};
use swarmlet_engine::{Error, Result};

use crate::folder::DataFolder;
use crate::limits::BLOB_READ_BYTES;

/// A data folder that is being looked at, file by file: the log, oldest first, then the blobs.
/// While this is there no node can open the folder.
///
/// ```
/// use swarmlet::{Inspection, Node, Options};
///
/// # fn main() -> swarmlet::Result<()> {
/// # let folder = tempfile::tempdir().expect("a folder for the example");
/// # let path = folder.path().join("press-7");
/// # Node::open_blocking(&path, Options::new())?.close_blocking()?;
/// let mut inspection = Inspection::begin(&path)?;
/// while let Some(file) = inspection.next_file() {
///     if let Some(fault) = file.fault {
///         println!("{}: {fault}", file.name);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Inspection {
    node: NodeId,
    disk: Arc<FsDisk>,
    log: log::Inspection,
    packs: VecDeque<FileName>,
    blobs: VecDeque<PathBuf>,
    _folder: DataFolder,
}

/// A file of a data folder, and what is wrong with it.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileReport {
    /// Where it is in the folder.
    pub name: String,
    /// What it is.
    pub sort: FileSort,
    /// Its length.
    pub bytes: u64,
    /// How many events were found in it.
    pub events: u64,
    /// Of which streams, in stream order.
    pub streams: Vec<StreamRange>,
    /// Bytes of a write at its end that did not complete, and was never acknowledged: no damage.
    /// They are set aside when the folder is opened.
    pub torn_bytes: u64,
    /// The first thing that is wrong; what comes after it is looked at all the same.
    pub fault: Option<Error>,
}

/// What a file of a data folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileSort {
    /// Sealed events.
    Segment,
    /// Events that are not sealed yet.
    Log,
    /// The bytes of a blob, all of them.
    Blob,
    /// Small blobs, one behind the other.
    Pack,
}

impl Inspection {
    /// Locks the folder and lists its files; reads none.
    ///
    /// # Errors
    ///
    /// `not_found` if there is no data folder; `locked` if a node has it open; `incompatible`,
    /// `permission_denied`, `corrupt` for a damaged `FORMAT`, `storage`.
    pub fn begin(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let begin = || {
            let (folder, node) = DataFolder::open_existing(path)?;
            let disk = FsDisk::open(path).map_err(|error| cannot_list(path, error))?;
            let disk = Arc::new(disk);
            Ok(Self {
                node,
                log: log::Inspection::begin(disk.clone())?,
                packs: PackReport::files(disk.as_ref())?.into(),
                disk,
                blobs: blobs(&path.join(BLOBS))?,
                _folder: folder,
            })
        };
        begin().map_err(|error: Error| error.during("inspect"))
    }

    /// The device whose folder it is.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// How many files are still to be looked at.
    #[must_use]
    pub fn files_left(&self) -> usize {
        self.log.files_left() + self.packs.len() + self.blobs.len()
    }

    /// Reads the next file, all of it, and checks all that can be checked: checksums, hashes, the
    /// signatures of the authors, that streams have no gaps, and that indexes say what events say.
    /// Nothing if there is none. It takes as long as reading the file does.
    pub fn next_file(&mut self) -> Option<FileReport> {
        if let Some(report) = self.log.next_file() {
            return Some(report.into());
        }
        if let Some(file) = self.packs.pop_front() {
            return Some(PackReport::of(self.disk.as_ref(), &file).into());
        }
        self.blobs.pop_front().map(|path| blob(&path))
    }
}

impl From<log::FileReport> for FileReport {
    fn from(report: log::FileReport) -> Self {
        Self {
            name: report.file.to_string(),
            sort: match report.is_sealed {
                true => FileSort::Segment,
                false => FileSort::Log,
            },
            bytes: report.bytes,
            events: report.events,
            streams: report.streams,
            torn_bytes: report.torn_bytes,
            fault: report.fault,
        }
    }
}

impl From<PackReport> for FileReport {
    fn from(report: PackReport) -> Self {
        Self {
            name: report.file.to_string(),
            sort: FileSort::Pack,
            bytes: report.bytes,
            events: 0,
            streams: Vec::new(),
            torn_bytes: 0,
            fault: report.fault,
        }
    }
}

/// The whole blobs of a folder, by name.
fn blobs(folder: &Path) -> Result<VecDeque<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(VecDeque::new()),
        entries => entries.map_err(|error| cannot_list(folder, error))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| cannot_list(folder, error))?.path();
        if path.extension().is_some_and(|ending| ending == WHOLE) {
            found.push(path);
        }
    }
    found.sort_unstable();
    Ok(found.into())
}

fn blob(path: &Path) -> FileReport {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (bytes, fault) = match check_blob(path) {
        Ok(bytes) => (bytes, None),
        Err(error) => (0, Some(error.with("file", format_args!("{BLOBS}/{name}")))),
    };
    FileReport {
        name: format!("{BLOBS}/{name}"),
        sort: FileSort::Blob,
        bytes,
        events: 0,
        streams: Vec::new(),
        torn_bytes: 0,
        fault,
    }
}

/// Compares the bytes with the name, which is their hash.
fn check_blob(path: &Path) -> Result<u64> {
    let failed = |error| Error::io("cannot read a blob", error);
    let named = path.file_stem().unwrap_or_default().to_string_lossy();
    let file = File::open(path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    let reader = io::BufReader::with_capacity(BLOB_READ_BYTES, file);
    let found = BlobId::of_reader(reader).map_err(failed)?;
    if named.parse::<BlobId>().ok() != Some(found) {
        return Err(Error::corrupt("a blob is not what its name says").with("found", found));
    }
    Ok(bytes)
}

fn cannot_list(path: &Path, error: io::Error) -> Error {
    Error::io("cannot list a folder", error).with("path", path.display())
}

const BLOBS: &str = "blobs";
const WHOLE: &str = "blob";
