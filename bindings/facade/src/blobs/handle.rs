//! The door: storing, reading, and what is known of blobs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use swarmlet::{
    BlobChange, BlobChanges, BlobId, BlobInfo, BlobList, BlobStat, BlobState, BlobUsage, BlobWatch,
    ErrorKind, Hold, Keep, PutOptions, Tags,
};

use super::reader::BlobReader;
use super::writer::BlobWriter;
use crate::completion::{Answer, Completion, Waiting};
use crate::failure::{Failure, Result};
use crate::fork::OwnProcess;
use crate::guard::guarded;
use crate::runtime::Lease;
use crate::stream::{QUEUE_BYTES_MAX, Queue, Source, Stream, Weigh};

/// The blobs of a node. Neither this, nor what reads or writes blobs, keeps the node open.
pub struct Blobs(OwnProcess<Place>);

/// Where the blobs are, and where work is done for them.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) blobs: swarmlet::Blobs,
    pub(super) lease: Arc<Lease>,
}

/// What is said of a blob when it is stored.
#[derive(Clone, Debug, Default)]
pub struct BlobOptions {
    /// What people call it.
    pub name: Option<String>,
    /// What kind of bytes it is.
    pub media_type: Option<String>,
    /// By what its record is found.
    pub tags: Tags,
    /// Who is to hold it.
    pub hold: Hold,
    /// How long it is kept.
    pub keep: Keep,
    /// Whether the bytes stay in the file that is stored.
    pub is_reference: bool,
}

/// What records say of blobs, one after the other.
pub type BlobInfos = Stream<Queue<BlobInfo>>;

/// What records and deletions say of blobs, as they come.
pub type BlobSayings = Stream<Queue<BlobChange>>;

/// How much of a blob is here, each time that changes.
pub type BlobStates = Stream<Queue<BlobState>>;

impl Blobs {
    pub(crate) fn new(blobs: swarmlet::Blobs, lease: Arc<Lease>) -> Self {
        Self(OwnProcess::new(Place { blobs, lease }))
    }

    /// Begins a blob of bytes that come chunk by chunk.
    pub fn writer(&self, options: BlobOptions, completion: Completion<BlobWriter>) {
        self.act("put", completion, move |place| {
            let writer = place.blobs.writer(options.into_options())?;
            Ok(BlobWriter::new(writer, place.lease.clone()))
        });
    }

    /// Stores the bytes of a file, under its name unless the options give one, or if no blob can
    /// have it. Given up, it leaves nothing, unless all of it was copied already.
    pub fn put_file(
        &self,
        path: PathBuf,
        options: BlobOptions,
        completion: Completion<BlobInfo>,
    ) -> Waiting {
        self.wait("put", None, completion, |blobs| async move {
            blobs.put_file(path, options.into_options()).await
        })
    }

    /// The bytes of a blob from `start` on, up to `end` if there is one. Nothing is read or fetched
    /// before somebody looks.
    pub fn get(&self, id: &str, start: u64, end: Option<u64>) -> Result<BlobReader> {
        let place = self.0.value()?;
        guarded("get", || {
            let id: BlobId = id.parse()?;
            let end = end.unwrap_or(u64::MAX);
            if end < start {
                return Err(Failure::invalid("get", "a range ends before it begins")
                    .with("start", start.to_string())
                    .with("end", end.to_string()));
            }
            Ok(BlobReader::new(place.clone(), id, start..end))
        })
    }

    /// How much of a blob is on this device.
    pub fn state(&self, id: String, completion: Completion<BlobState>) {
        self.act("state", completion, move |place| {
            Ok(place.blobs.state(id.parse()?)?)
        });
    }

    /// The records that are here.
    pub fn list(&self) -> Result<BlobInfos> {
        let place = self.0.value()?;
        guarded("list", || {
            let infos = place.blobs.list()?;
            Ok(Stream::read_ahead("list", infos, place.lease.clone()))
        })
    }

    /// The records that are here, and those that come; and which were taken back.
    pub fn changes(&self) -> Result<BlobSayings> {
        let place = self.0.value()?;
        guarded("changes", || {
            let changes = place.blobs.subscribe(Default::default())?;
            Ok(Stream::read_ahead("changes", changes, place.lease.clone()))
        })
    }

    /// How much of a blob is on this device, now and each time that changes.
    pub fn watch(&self, id: &str) -> Result<BlobStates> {
        let place = self.0.value()?;
        guarded("watch", || {
            let watch = place.blobs.watch(id.parse()?);
            Ok(Stream::read_ahead("watch", watch, place.lease.clone()))
        })
    }

    /// All that is known of a blob.
    pub fn stat(&self, id: String, completion: Completion<BlobStat>) {
        self.act("stat", completion, move |place| {
            Ok(place.blobs.stat(id.parse()?)?)
        });
    }

    /// How much of this device blobs take.
    pub fn usage(&self, completion: Completion<BlobUsage>) {
        self.act("usage", completion, move |place| Ok(place.blobs.usage()?));
    }

    /// Takes back the records of a blob that this device may take back; says how many others keep
    /// it.
    pub fn delete(&self, id: String, completion: Completion<u64>) {
        self.act("delete", completion, move |place| {
            Ok(place.blobs.delete_blocking(id.parse()?)?)
        });
    }

    /// Keeps a blob on this device whatever records say.
    pub fn pin(&self, id: String, completion: Completion<()>) {
        self.act("pin", completion, move |place| {
            Ok(place.blobs.pin(id.parse()?)?)
        });
    }

    /// Takes that back.
    pub fn unpin(&self, id: String, completion: Completion<()>) {
        self.act("unpin", completion, move |place| {
            Ok(place.blobs.unpin(id.parse()?)?)
        });
    }

    /// The blobs that are pinned on this device.
    pub fn pinned(&self, completion: Completion<Vec<BlobId>>) {
        self.act("pinned", completion, move |place| {
            Ok(place.blobs.pinned()?)
        });
    }

    /// A call that may wait for others.
    pub(super) fn wait<T, F>(
        &self,
        operation: &'static str,
        timeout: Option<Duration>,
        completion: Completion<T>,
        call: impl FnOnce(swarmlet::Blobs) -> F + Send + 'static,
    ) -> Waiting
    where
        T: Send + 'static,
        F: Future<Output = swarmlet::Result<T>> + Send + 'static,
    {
        let answer = Answer::new(operation, completion);
        let place = match self.0.value() {
            Ok(place) => place.clone(),
            Err(failure) => {
                answer.give(Err(failure));
                return Waiting::default();
            }
        };
        let called = call(place.blobs);
        let lease = place.lease.clone();
        let waited = async move {
            let outcome = within_time(operation, timeout, called).await;
            outcome.map_err(|failure| lease.judged(failure))
        };
        Waiting::spawn(place.lease.handle(), answer, waited)
    }

    /// A call that waits for the disk, off the thread of the caller.
    fn act<T: Send + 'static>(
        &self,
        operation: &'static str,
        completion: Completion<T>,
        call: impl FnOnce(&Place) -> Result<T> + Send + 'static,
    ) {
        let answer = Answer::new(operation, completion);
        let place = match self.0.value() {
            Ok(place) => place.clone(),
            Err(failure) => return answer.give(Err(failure)),
        };
        let handle = place.lease.handle().clone();
        handle.spawn_blocking(move || answer.give(guarded(operation, || call(&place))));
    }
}

impl BlobOptions {
    pub(super) fn into_options(self) -> PutOptions {
        let mut options = PutOptions::new()
            .tags(self.tags)
            .hold(self.hold)
            .keep(self.keep);
        if self.is_reference {
            options = options.reference();
        }
        if let Some(name) = self.name {
            options = options.name(name);
        }
        if let Some(media_type) = self.media_type {
            options = options.media_type(media_type);
        }
        options
    }
}

async fn within_time<T>(
    operation: &'static str,
    timeout: Option<Duration>,
    call: impl Future<Output = swarmlet::Result<T>>,
) -> Result<T> {
    let Some(timeout) = timeout else {
        return Ok(call.await?);
    };
    let outcome = tokio::time::timeout(timeout, call).await;
    let late = || Failure::new(ErrorKind::Timeout, operation, "blobs did not come in time");
    outcome.map_err(|_| late())?.map_err(Failure::from)
}

impl Source for BlobList {
    type Item = BlobInfo;

    async fn next(&mut self) -> Result<Option<Vec<BlobInfo>>> {
        Ok(self.next_chunk(CHUNK_INFOS).await?)
    }
}

impl Source for BlobChanges {
    type Item = BlobChange;

    async fn next(&mut self) -> Result<Option<Vec<BlobChange>>> {
        Ok(self.next_chunk(CHUNK_INFOS).await?)
    }
}

impl Source for BlobWatch {
    type Item = BlobState;

    async fn next(&mut self) -> Result<Option<Vec<BlobState>>> {
        Ok(Some(vec![BlobWatch::next(self).await?]))
    }
}

impl Weigh for BlobState {
    fn bytes(&self) -> usize {
        // One is read ahead, and no more: who looks late gets what is newest after it.
        QUEUE_BYTES_MAX
    }
}

impl Weigh for BlobChange {
    fn bytes(&self) -> usize {
        self.info.as_ref().map_or(INFO_BYTES, Weigh::bytes)
    }
}

impl Weigh for BlobInfo {
    fn bytes(&self) -> usize {
        let texts = [&self.name, &self.media_type].into_iter().flatten();
        let texts: usize = texts.map(String::len).sum();
        let tags: usize = self.tags.iter().map(str::len).sum();
        texts + tags + INFO_BYTES
    }
}

/// Records read at once.
const CHUNK_INFOS: usize = 256;
/// What a record costs beside its texts.
const INFO_BYTES: usize = 160;
