//! What is known of blobs, as JSON in the words of JavaScript, and the streams of it.

use napi_derive::napi;
use serde_json::{Value, json};
use swarmlet::{
    BlobChange, BlobId, BlobInfo, BlobProgress, BlobStat, BlobState, BlobUsage, EventKey, Hold,
    Keep, SavedFolder,
};
use swarmlet_facade::{FolderFile, Queue, Readiness, Result, Stream, Weigh};

use crate::failure::called;
use crate::json;
use crate::port::Port;
use crate::stream::{as_flag, watch_at};

/// What there is to know of blobs, one after the other.
#[napi]
pub struct BlobStream(Box<dyn Following>);

impl BlobStream {
    /// `told` says what JavaScript gets of each.
    pub(crate) fn new<T: Weigh>(stream: Stream<Queue<T>>, told: fn(&T) -> Value) -> Self {
        Self(Box::new(Told { stream, told }))
    }
}

#[napi]
impl BlobStream {
    /// True: there is something; false: there will be none any more; null: nothing yet.
    #[napi]
    pub fn look(&self) -> napi::Result<Option<bool>> {
        called("look", || Ok(as_flag(self.0.look()?)))
    }

    /// At most `max` of those that are there, as a list in JSON.
    #[napi]
    pub fn take(&self, max: u32) -> napi::Result<String> {
        called("take", || Ok(json::text(&self.0.take(max)?)))
    }

    /// Answers at `port` when a look shows something.
    #[napi]
    pub fn watch(&self, port: &Port) -> napi::Result<i64> {
        called("ready", || self.0.watch(port))
    }

    /// Ends the stream.
    #[napi]
    pub fn cancel(&self) -> napi::Result<()> {
        called("cancel", || self.0.cancel())
    }
}

/// A stream, whatever it brings.
trait Following: Send {
    fn look(&self) -> Result<Readiness>;
    fn take(&self, max: u32) -> Result<Vec<Value>>;
    fn watch(&self, port: &Port) -> Result<i64>;
    fn cancel(&self) -> Result<()>;
}

struct Told<T: Weigh> {
    stream: Stream<Queue<T>>,
    told: fn(&T) -> Value,
}

impl<T: Weigh> Following for Told<T> {
    fn look(&self) -> Result<Readiness> {
        self.stream.look()
    }

    fn take(&self, max: u32) -> Result<Vec<Value>> {
        let taken = self
            .stream
            .take(usize::try_from(max).unwrap_or(usize::MAX))?;
        Ok(taken.iter().map(self.told).collect())
    }

    fn watch(&self, port: &Port) -> Result<i64> {
        watch_at(&self.stream, port)
    }

    fn cancel(&self) -> Result<()> {
        self.stream.cancel()
    }
}

/// What a record says. Times are microseconds.
pub(crate) fn info(info: &BlobInfo) -> Value {
    json!({
        "id": info.id.to_string(),
        "size": info.size,
        "name": info.name,
        "mediaType": info.media_type,
        "hold": hold(&info.hold),
        "keep": keep(&info.keep),
        "tags": info.tags.iter().collect::<Vec<_>>(),
        "key": key(info.key),
        "timestamp": info.timestamp.micros(),
        "appId": info.app_id.as_str(),
        "collection": info.collection.map(|id| id.to_string()),
    })
}

/// What was said of a blob.
pub(crate) fn change(change: &BlobChange) -> Value {
    json!({
        "id": change.id.to_string(),
        "info": change.info.as_ref().map(info),
        "key": key(change.key),
    })
}

/// How much of a blob is here.
pub(crate) fn state(state: &BlobState) -> Value {
    match state {
        BlobState::Here { size } => json!({"type": "here", "size": size}),
        BlobState::Part { size, missing } => {
            json!({"type": "part", "size": size, "missing": missing})
        }
        BlobState::Absent => json!({"type": "absent"}),
    }
}

/// All that is known of a blob.
pub(crate) fn stat(stat: &BlobStat) -> Value {
    json!({
        "state": state(&stat.state),
        "isPinned": stat.is_pinned,
        "records": stat.records.iter().map(info).collect::<Vec<_>>(),
    })
}

/// How much of the device blobs take.
pub(crate) fn usage(usage: &BlobUsage) -> Value {
    json!({
        "blobs": usage.blobs,
        "bytes": usage.bytes,
        "spareBytes": usage.spare_bytes,
        "bytesMax": usage.bytes_max,
    })
}

/// How far a blob is.
pub(crate) fn progress(progress: &BlobProgress) -> Value {
    json!({"size": progress.size, "here": progress.here})
}

/// The files of a collection.
pub(crate) fn collection(files: &[FolderFile]) -> Value {
    files.iter().map(file).collect()
}

fn file(file: &FolderFile) -> Value {
    json!({
        "path": file.path,
        "id": file.id.to_string(),
        "size": file.size,
    })
}

/// What became of a folder.
pub(crate) fn saved_folder(saved: &SavedFolder) -> Value {
    json!({"written": saved.written, "unchanged": saved.unchanged})
}

/// Ids of blobs.
pub(crate) fn ids(ids: &[BlobId]) -> Value {
    ids.iter().map(ToString::to_string).collect()
}

fn hold(hold: &Hold) -> Value {
    match hold {
        Hold::Everyone => json!("everyone"),
        Hold::OnDemand => json!("onDemand"),
        Hold::Copies(copies) => json!({"copies": copies}),
        Hold::Labels(labels) => json!({"labels": labels}),
    }
}

fn keep(keep: &Keep) -> Value {
    match keep {
        Keep::Forever => json!("forever"),
        Keep::Until(time) => json!({"until": time.micros()}),
        Keep::UntilNext(tags) => json!({"untilNext": tags.iter().collect::<Vec<_>>()}),
        Keep::WhileReferenced => json!("whileReferenced"),
    }
}

fn key(key: EventKey) -> Value {
    json!({
        "lamport": key.lamport.get(),
        "stream": key.stream.to_string(),
        "offset": key.offset.get(),
    })
}
