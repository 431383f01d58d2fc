//! A request, and what belongs to it on the side of the person.

use std::path::PathBuf;
use std::time::Duration;

use crate::request::Request;
use crate::show::Layout;

/// What is to be done for a command.
pub(crate) struct Errand {
    pub(super) request: Request,
    pub(super) layout: Layout,
    /// Whether a folder is made if there is none: only where something is put into it, so that a
    /// folder that was misspelt does not become a device.
    pub(super) makes_folder: bool,
    pub(super) source: Option<(Place, Content)>,
    pub(super) bytes_to: Option<Place>,
    pub(super) folder_to: Option<FolderTo>,
    pub(super) rows_to: Option<Place>,
    pub(super) offsets_to: Option<PathBuf>,
}

/// A file of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// What the command reads, or writes.
    Standard,
    /// A file by its path.
    File(PathBuf),
    /// A file of a folder that is saved: what is there is replaced and not followed, as a link of
    /// which the person said nothing.
    Member(PathBuf),
}

/// Where the files of a blob go that is a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FolderTo {
    /// Where bytes would go: a folder has to have a path.
    pub(super) place: Place,
    /// How long to wait for more bytes.
    pub(super) within: Option<Duration>,
}

/// What the bytes of a file that a node gets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// One thing, of which a part is of no use.
    Whole,
    /// Records, compressed or not: those before damage are as good as without.
    Records,
    /// A folder, all files of it.
    Folder,
}

impl Place {
    /// The place that a word names: a path, or `-`.
    pub(crate) fn of(word: PathBuf) -> Self {
        match word.as_os_str() == "-" {
            true => Self::Standard,
            false => Self::File(word),
        }
    }
}

impl Errand {
    /// Something that is asked of a folder that is there.
    pub(crate) fn new(request: Request, layout: Layout) -> Self {
        Self {
            request,
            layout,
            makes_folder: false,
            source: None,
            bytes_to: None,
            folder_to: None,
            rows_to: None,
            offsets_to: None,
        }
    }

    /// Something that may be the first use of a folder.
    #[must_use]
    pub(crate) fn making_folder(mut self) -> Self {
        self.makes_folder = true;
        self
    }

    /// With the bytes of this, which the node gets.
    #[must_use]
    pub(crate) fn reading(mut self, source: Place) -> Self {
        self.source = Some((source, Content::Whole));
        self
    }

    /// With the files of this folder, which the node gets.
    #[must_use]
    pub(crate) fn reading_folder(mut self, folder: PathBuf) -> Self {
        self.source = Some((Place::File(folder), Content::Folder));
        self
    }

    /// With the records of this, which the node gets, unpacked if they are compressed.
    #[must_use]
    pub(crate) fn reading_records(mut self, source: Place) -> Self {
        self.source = Some((source, Content::Records));
        self
    }

    /// With a place for the bytes that the node gives.
    #[must_use]
    pub(crate) fn writing_bytes(mut self, to: Place) -> Self {
        self.bytes_to = Some(to);
        self
    }

    /// With a place for a blob, whether it is a file or a folder; it is given up when no bytes come
    /// for so long.
    #[must_use]
    pub(crate) fn saving(self, place: Place, within: Option<Duration>) -> Self {
        let mut errand = self.writing_bytes(place.clone());
        errand.folder_to = Some(FolderTo { place, within });
        errand
    }

    /// With a place for the rows, which are lines of JSON there.
    #[must_use]
    pub(crate) fn writing_rows(mut self, to: Place) -> Self {
        self.rows_to = Some(to);
        self
    }

    /// With a file that says how far a subscription is.
    #[must_use]
    pub(crate) fn keeping_offsets(mut self, path: Option<PathBuf>) -> Self {
        self.offsets_to = path;
        self
    }
}
