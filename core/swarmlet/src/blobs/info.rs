//! What users say and learn of blobs.

use swarmlet_engine::blobs::limits::PIECE_BYTES;
use swarmlet_engine::blobs::{BlobId, BlobName, BlobRecord, Hold, Keep, MediaType};
use swarmlet_engine::event::{AppId, Event, EventKey, Tags, Timestamp};
use swarmlet_engine::{Error, ErrorKind, Result};

use super::keeper::Here;

/// What is said of a blob when it is stored.
#[derive(Clone, Debug, Default)]
pub struct PutOptions {
    name: Option<String>,
    media_type: Option<String>,
    tags: Tags,
    hold: Hold,
    keep: Keep,
    is_reference: bool,
}

/// A blob as its record tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlobInfo {
    /// Its id: the BLAKE3 hash of its bytes.
    pub id: BlobId,
    /// Its length in bytes.
    pub size: u64,
    /// What people call it: never a path.
    pub name: Option<String>,
    /// What kind of bytes it is.
    pub media_type: Option<String>,
    /// Who is to hold it.
    pub hold: Hold,
    /// How long.
    pub keep: Keep,
    /// The collection that it is a file of, if it is one.
    pub collection: Option<BlobId>,
    /// The tags of the record, with those that every record has.
    pub tags: Tags,
    /// Where the record is in the log.
    pub key: EventKey,
    /// When it was stored, by the clock of the device that did.
    pub timestamp: Timestamp,
    /// The app that stored it.
    pub app_id: AppId,
}

/// How much of a blob is on this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobState {
    /// All of it, of so many bytes.
    Here {
        /// Its length in bytes.
        size: u64,
    },
    /// A part of it, which is being fetched.
    Part {
        /// Its length in bytes.
        size: u64,
        /// About how many bytes are still to come.
        missing: u64,
    },
    /// Nothing.
    Absent,
}

/// All that is known of a blob on this device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlobStat {
    /// How much of it is here.
    pub state: BlobState,
    /// Whether it is kept here whatever records say.
    pub is_pinned: bool,
    /// The records that tell of it, in the order of their keys; those that were taken back are
    /// left out.
    pub records: Vec<BlobInfo>,
}

/// What blobs take of this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlobUsage {
    /// How many there are, whole or in part.
    pub blobs: u64,
    /// How many bytes they take, with the hashes that prove them.
    pub bytes: u64,
    /// How many of these this device need not keep, as of the last look.
    pub spare_bytes: u64,
    /// How many bytes there may be, if that was said.
    pub bytes_max: Option<u64>,
}

impl BlobState {
    pub(super) fn of(here: Here) -> Self {
        match here {
            Here::Nothing => Self::Absent,
            Here::All(size) => Self::Here { size: size.get() },
            Here::Part { size, missing } => Self::Part {
                size: size.get(),
                missing: size.get().min(u64::from(missing) * PIECE_BYTES),
            },
        }
    }
}

impl PutOptions {
    /// Nothing said: no name, no tags, held by everyone.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What people call it; it must be possible as the name of a file, without a folder.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What kind of bytes it is, such as `image/png`.
    #[must_use]
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// By what it is found, beside the tags `blob` and `blob:<id>`. Tags decide as for every event
    /// which stream the record goes to, and with it who may have the blob.
    #[must_use]
    pub fn tags(mut self, tags: Tags) -> Self {
        self.tags = tags;
        self
    }

    /// Who is to hold it beside this device: everyone, unless this says otherwise.
    #[must_use]
    pub fn hold(mut self, hold: Hold) -> Self {
        self.hold = hold;
        self
    }

    /// How long it is kept: until it is deleted, unless this says otherwise.
    #[must_use]
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// By reference: the bytes stay in the file that is stored, and take no room of the blobs; the
    /// device keeps their hashes and the absolute path. The file must stay where it is, as it is:
    /// each piece is checked whenever it is read. For [`Blobs::put_file`](super::Blobs::put_file)
    /// and [`Blobs::put_folder`](super::Blobs::put_folder) only.
    #[must_use]
    pub fn reference(mut self) -> Self {
        self.is_reference = true;
        self
    }

    /// With this name if there is none.
    pub(super) fn or_name(mut self, name: Option<&str>) -> Self {
        self.name = self.name.or_else(|| name.map(ToOwned::to_owned));
        self
    }

    /// Checks everything.
    pub(super) fn check(self) -> Result<Checked> {
        Ok(Checked {
            name: self.name.clone().map(BlobName::new).transpose()?,
            media_type: self.media_type.map(MediaType::new).transpose()?,
            hold: self.hold.check()?,
            keep: self.keep.check(self.name.is_some())?,
            tags: self.tags,
            is_reference: self.is_reference,
        })
    }
}

/// Options that were checked.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) name: Option<BlobName>,
    pub(super) media_type: Option<MediaType>,
    pub(super) tags: Tags,
    pub(super) hold: Hold,
    pub(super) keep: Keep,
    /// Whether the bytes stay in the file that is stored.
    pub(super) is_reference: bool,
}

impl BlobInfo {
    /// Reads a record; `None` if the event is something else.
    #[must_use]
    pub fn from_event(event: &Event) -> Option<Self> {
        let record = BlobRecord::of(event)?;
        Some(Self::new(record, event, event.tags()))
    }

    /// Reads what was published just now.
    pub(super) fn of_own(event: &Event) -> Result<Self> {
        Self::from_event(event)
            .ok_or_else(|| Error::new(ErrorKind::Internal, "a record cannot be read"))
    }

    pub(super) fn new(record: BlobRecord, event: &Event, tags: Tags) -> Self {
        Self {
            id: record.id,
            size: record.size.get(),
            name: record.name.map(|name| name.as_str().to_owned()),
            media_type: record.media_type.map(|kind| kind.as_str().to_owned()),
            hold: record.hold,
            keep: record.keep,
            collection: record.of,
            tags,
            key: event.key,
            timestamp: event.timestamp,
            app_id: event.app_id.clone(),
        }
    }
}
