//! What blobs are stored with, and what is known of them, as plain data.

use std::collections::HashMap;

use swarmlet::{
    BlobChange, BlobInfo, BlobProgress, BlobStat, BlobState, BlobUsage, Hold, Keep, SavedFolder,
    Tags, Timestamp,
};
use swarmlet_facade::{BlobOptions, Failure, FolderFile};

use crate::arguments::{count, number};
use crate::failure::{Result, during};
use crate::row::{Key, ResultRow};

/// What is said of a blob when it is stored; what is not given is for the node to decide.
#[derive(uniffi::Record)]
pub(crate) struct GivenBlob {
    name: Option<String>,
    media_type: Option<String>,
    tags: Vec<String>,
    hold: Option<BlobHold>,
    keep: Option<BlobKeep>,
    /// Whether the bytes stay in the file that is stored.
    is_reference: bool,
}

/// Who is to hold a blob.
#[derive(uniffi::Enum)]
pub(crate) enum BlobHold {
    /// Every device that may.
    Everyone,
    /// Whoever reads it.
    OnDemand,
    /// So many devices.
    Copies {
        /// How many.
        count: i64,
    },
    /// The devices with all of these labels.
    Labels {
        /// Names and values.
        labels: HashMap<String, String>,
    },
}

/// How long a blob is kept.
#[derive(uniffi::Enum)]
pub(crate) enum BlobKeep {
    /// Until it is deleted.
    Forever,
    /// Until a time.
    Until {
        /// Microseconds since 1970-01-01 UTC.
        micros: i64,
    },
    /// Until a later record has these tags; without tags, the same name.
    UntilNext {
        /// The tags.
        tags: Vec<String>,
    },
    /// As long as an event refers to it.
    WhileReferenced,
}

/// What a record says of a blob.
#[derive(uniffi::Record)]
pub(crate) struct StoredBlob {
    id: String,
    size: i64,
    name: Option<String>,
    media_type: Option<String>,
    hold: BlobHold,
    keep: BlobKeep,
    tags: Vec<String>,
    key: Key,
    timestamp: i64,
    app_id: String,
    collection: Option<String>,
}

/// A file of a collection.
#[derive(uniffi::Record)]
pub(crate) struct ListedFile {
    path: String,
    id: String,
    size: i64,
}

/// What became of a folder.
#[derive(uniffi::Record)]
pub(crate) struct WrittenFolder {
    written: i64,
    unchanged: i64,
}

/// How much of a blob is on this device.
#[derive(uniffi::Enum)]
pub(crate) enum BlobPresence {
    /// All of it.
    Here {
        /// Its length in bytes.
        size: i64,
    },
    /// A part of it.
    Part {
        /// Its length in bytes.
        size: i64,
        /// About how many bytes are still to come.
        missing: i64,
    },
    /// Nothing.
    Absent,
}

/// How far a blob is that is being read.
#[derive(uniffi::Record)]
pub(crate) struct BlobExtent {
    size: Option<i64>,
    here: i64,
}

/// All that is known of a blob.
#[derive(uniffi::Record)]
pub(crate) struct BlobReport {
    state: BlobPresence,
    is_pinned: bool,
    records: Vec<StoredBlob>,
}

/// What blobs take of this device.
#[derive(uniffi::Record)]
pub(crate) struct BlobRoom {
    blobs: i64,
    bytes: i64,
    spare_bytes: i64,
    bytes_max: Option<i64>,
}

/// What was said of a blob, and where; no info if records were taken back.
#[derive(uniffi::Record)]
pub(crate) struct BlobSaid {
    id: String,
    info: Option<StoredBlob>,
    key: Key,
}

/// What a row says if it is the record of a blob.
#[uniffi::export]
pub(crate) fn blob_of_row(row: ResultRow) -> Result<Option<StoredBlob>> {
    let event = row.into_event("blob_info")?;
    let info = event.as_ref().and_then(BlobInfo::from_event);
    Ok(info.map(Into::into))
}

/// The bytes from `start` on, up to `end` if there is one.
pub(crate) fn byte_range(start: i64, end: Option<i64>) -> Result<(u64, Option<u64>)> {
    let start = count("get", "start", start)?;
    let end = end.map(|end| count("get", "end", end)).transpose()?;
    Ok((start, end))
}

impl GivenBlob {
    pub(crate) fn into_options(self) -> Result<BlobOptions> {
        let hold = self.hold.map(BlobHold::into_hold).transpose()?;
        let keep = self.keep.map(BlobKeep::into_keep).transpose()?;
        Ok(BlobOptions {
            name: self.name,
            media_type: self.media_type,
            tags: to_tags(&self.tags)?,
            hold: hold.unwrap_or_default(),
            keep: keep.unwrap_or_default(),
            is_reference: self.is_reference,
        })
    }
}

impl BlobHold {
    fn into_hold(self) -> Result<Hold> {
        Ok(match self {
            Self::Everyone => Hold::Everyone,
            Self::OnDemand => Hold::OnDemand,
            Self::Copies { count } => Hold::Copies(copies(count)?),
            Self::Labels { labels } => Hold::Labels(labels.into_iter().collect()),
        })
    }
}

impl BlobKeep {
    fn into_keep(self) -> Result<Keep> {
        Ok(match self {
            Self::Forever => Keep::Forever,
            Self::Until { micros } => Keep::Until(Timestamp::from_micros(micros)),
            Self::UntilNext { tags } => Keep::UntilNext(to_tags(&tags)?),
            Self::WhileReferenced => Keep::WhileReferenced,
        })
    }
}

impl From<Hold> for BlobHold {
    fn from(hold: Hold) -> Self {
        match hold {
            Hold::Everyone => Self::Everyone,
            Hold::OnDemand => Self::OnDemand,
            Hold::Copies(copies) => Self::Copies {
                count: copies.into(),
            },
            Hold::Labels(labels) => Self::Labels {
                labels: labels.into_iter().collect(),
            },
        }
    }
}

impl From<Keep> for BlobKeep {
    fn from(keep: Keep) -> Self {
        match keep {
            Keep::Forever => Self::Forever,
            Keep::Until(time) => Self::Until {
                micros: time.micros(),
            },
            Keep::UntilNext(tags) => Self::UntilNext {
                tags: tag_texts(&tags),
            },
            Keep::WhileReferenced => Self::WhileReferenced,
        }
    }
}

impl From<BlobInfo> for StoredBlob {
    fn from(info: BlobInfo) -> Self {
        Self {
            id: info.id.to_string(),
            size: number(info.size),
            name: info.name,
            media_type: info.media_type,
            hold: info.hold.into(),
            keep: info.keep.into(),
            tags: tag_texts(&info.tags),
            key: info.key.into(),
            timestamp: info.timestamp.micros(),
            app_id: info.app_id.to_string(),
            collection: info.collection.map(|id| id.to_string()),
        }
    }
}

impl From<FolderFile> for ListedFile {
    fn from(file: FolderFile) -> Self {
        Self {
            path: file.path,
            id: file.id.to_string(),
            size: number(file.size),
        }
    }
}

impl From<SavedFolder> for WrittenFolder {
    fn from(saved: SavedFolder) -> Self {
        Self {
            written: number(saved.written),
            unchanged: number(saved.unchanged),
        }
    }
}

impl From<BlobState> for BlobPresence {
    fn from(state: BlobState) -> Self {
        match state {
            BlobState::Here { size } => Self::Here { size: number(size) },
            BlobState::Part { size, missing } => Self::Part {
                size: number(size),
                missing: number(missing),
            },
            BlobState::Absent => Self::Absent,
        }
    }
}

impl From<BlobProgress> for BlobExtent {
    fn from(progress: BlobProgress) -> Self {
        Self {
            size: progress.size.map(number),
            here: number(progress.here),
        }
    }
}

impl From<BlobStat> for BlobReport {
    fn from(stat: BlobStat) -> Self {
        Self {
            state: stat.state.into(),
            is_pinned: stat.is_pinned,
            records: stat.records.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<BlobUsage> for BlobRoom {
    fn from(usage: BlobUsage) -> Self {
        Self {
            blobs: number(usage.blobs),
            bytes: number(usage.bytes),
            spare_bytes: number(usage.spare_bytes),
            bytes_max: usage.bytes_max.map(number),
        }
    }
}

impl From<BlobChange> for BlobSaid {
    fn from(change: BlobChange) -> Self {
        Self {
            id: change.id.to_string(),
            info: change.info.map(Into::into),
            key: change.key.into(),
        }
    }
}

/// How many devices are to hold a blob; which numbers may be is checked by the node, as far as it
/// can be given them.
fn copies(given: i64) -> Result<u16> {
    let refused = |_| {
        let message = "a blob must be held by 1 to 4096 devices";
        Failure::invalid("put", message).with("copies", given.to_string())
    };
    Ok(u16::try_from(given).map_err(refused)?)
}

fn to_tags(tags: &[String]) -> Result<Tags> {
    let tags = Tags::new(tags.iter().map(String::as_str));
    tags.map_err(|error| during("put", error))
}

fn tag_texts(tags: &Tags) -> Vec<String> {
    tags.iter().map(str::to_owned).collect()
}
