//! The door for users.

use std::ops::{Bound, RangeBounds};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use swarmlet_engine::blobs::{BlobId, BlobName};
use swarmlet_engine::event::{AppId, Content, Event};
use swarmlet_engine::log::Order;
use swarmlet_engine::{Error, ErrorKind, Result};

use super::BlobInfo;
use super::changes::{BlobChanges, BlobList};
use super::info::{BlobState, Checked, PutOptions};
use super::keeper::BlobKeeper;
use super::reader::BlobReader;
use super::watch::BlobWatch;
use super::writer::{BlobWriter, FileCopy, Publisher};
use crate::metrics::AppRecorder;
use crate::query::{Asker, QueryOptions, SubscribeOptions, Wanted};
use crate::state::State;
use crate::writer::Writer;

/// The blobs of a node: large bytes, named by their hash.
///
/// Whoever stores a blob publishes a record of it, an event with the tags `blob` and `blob:<id>`;
/// whoever may read the record may have the blob. Each node that is to hold a blob fetches it by
/// itself, from all who have it; others fetch it when it is read.
///
/// Neither this, nor what reads or writes blobs, keeps the node open.
///
/// ```
/// use swarmlet::{Node, Options, PutOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> swarmlet::Result<()> {
/// # let folder = tempfile::tempdir().expect("a folder for the example");
/// # let path = folder.path().join("press-7");
/// let node = Node::open(&path, Options::new().app_id("com.example.press")).await?;
/// let drawing = PutOptions::new().name("drawing.png").media_type("image/png");
/// let stored = node.blobs().put(vec![7; 100_000], drawing).await?;
///
/// let bytes = node.blobs().get(stored.id).read_all(1_000_000).await?;
/// assert_eq!(bytes, [7; 100_000]);
/// # node.close().await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Blobs {
    publisher: Publisher,
}

impl Blobs {
    pub(crate) fn new(
        keeper: Arc<BlobKeeper>,
        writer: Arc<Writer>,
        state: Arc<State>,
        (app_id, recorder): (AppId, Arc<AppRecorder>),
    ) -> Self {
        let publisher = Publisher {
            keeper,
            writer,
            state,
            app_id,
            recorder,
        };
        Self { publisher }
    }

    /// Stores bytes; both they and the record are durable when this returns.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for a name or a media type that is none, `disk_full`, `storage`,
    /// `closed`.
    pub async fn put(
        &self,
        bytes: impl AsRef<[u8]> + Send + 'static,
        options: PutOptions,
    ) -> Result<BlobInfo> {
        let blobs = self.clone();
        self.in_background(move || blobs.put_blocking(bytes, options))
            .await
    }

    /// As [`Blobs::put`], for callers without a runtime.
    ///
    /// # Errors
    ///
    /// As [`Blobs::put`].
    pub fn put_blocking(&self, bytes: impl AsRef<[u8]>, options: PutOptions) -> Result<BlobInfo> {
        let mut writer = self.writer(options)?;
        let written = writer.write(bytes.as_ref());
        let stored = written.and_then(|()| writer.finish_blocking());
        stored.map_err(while_storing)
    }

    /// Stores the bytes of a file, which stays where it is. The name of the blob is that of the
    /// file unless the options give one; a name that a blob cannot have is left out.
    ///
    /// The bytes are copied, or shared with the file where its filesystem can do that; with
    /// [`PutOptions::reference`] they stay in the file, which is never written to. When that is
    /// changed, moved or gone later, reading says so with `corrupt` and the path; in a swarm the
    /// device then fetches the blob from others.
    ///
    /// A future that is dropped leaves nothing, unless all bytes were copied already.
    ///
    /// # Errors
    ///
    /// As [`Blobs::put`], and those of reading it; `invalid_argument` for what is no file, and by
    /// reference for one that changes meanwhile and for a path that is not Unicode.
    pub async fn put_file(&self, path: impl AsRef<Path>, options: PutOptions) -> Result<BlobInfo> {
        let (blobs, path): (_, PathBuf) = (self.clone(), path.as_ref().to_owned());
        let begin = move || blobs.copy(&path, options).map_err(while_storing);
        let mut copy = self.in_background(begin).await?;
        while !copy.is_complete() {
            let step = move || copy.step().map_err(while_storing);
            copy = self.in_background(step).await?;
        }
        let finish = move || copy.finish().map_err(while_storing);
        self.in_background(finish).await
    }

    /// As [`Blobs::put_file`], for callers without a runtime.
    ///
    /// # Errors
    ///
    /// As [`Blobs::put_file`].
    pub fn put_file_blocking(
        &self,
        path: impl AsRef<Path>,
        options: PutOptions,
    ) -> Result<BlobInfo> {
        let copied = self.copy(path.as_ref(), options).and_then(|mut copy| {
            while !copy.is_complete() {
                copy = copy.step()?;
            }
            copy.finish()
        });
        copied.map_err(while_storing)
    }

    /// Begins a blob of bytes that come one after the other.
    ///
    /// # Errors
    ///
    /// As [`Blobs::put`].
    pub fn writer(&self, options: PutOptions) -> Result<BlobWriter> {
        let refuse = |options: Checked| match options.is_reference {
            true => Err(Error::invalid("only a file can be stored by reference")),
            false => Ok(options),
        };
        let checked = options.check().and_then(refuse);
        let begun = checked.and_then(|options| self.begin(options));
        begun.map_err(while_storing)
    }

    /// Begins a blob.
    pub(super) fn begin(&self, options: Checked) -> Result<BlobWriter> {
        self.check_open()?;
        Ok(BlobWriter::begin(options, self.publisher.clone()))
    }

    /// A blob to read, whether it is here or not.
    #[must_use]
    pub fn get(&self, id: BlobId) -> BlobReader {
        self.range_of(id, ..)
    }

    /// Some bytes of a blob to read; what lies behind its end is left out.
    #[must_use]
    pub fn range_of(&self, id: BlobId, bytes: impl RangeBounds<u64>) -> BlobReader {
        let start = match bytes.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match bytes.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => u64::MAX,
        };
        let (keeper, state) = (self.publisher.keeper.clone(), self.publisher.state.clone());
        BlobReader::new(keeper, state, id, start..end.max(start))
    }

    /// How much of a blob is on this device. Looks at the disk; does not wait for anybody.
    ///
    /// # Errors
    ///
    /// `storage`, `closed`.
    pub fn state(&self, id: BlobId) -> Result<BlobState> {
        self.publisher.state.check_open()?;
        Ok(BlobState::of(self.publisher.keeper.here(id)?))
    }

    /// How much of a blob is on this device, now and each time that changes.
    #[must_use]
    pub fn watch(&self, id: BlobId) -> BlobWatch {
        let (keeper, state) = (self.publisher.keeper.clone(), self.publisher.state.clone());
        BlobWatch::new(keeper, state, id)
    }

    /// The records that are here and were not taken back, in the order of their keys. To find some
    /// of them, query the log:
    /// `FROM 'blob' & 'press:7'` gives their events, and [`BlobInfo::from_event`] reads those.
    ///
    /// # Errors
    ///
    /// `closed`.
    pub fn list(&self) -> Result<BlobList> {
        self.listed(QueryOptions::default())
    }

    /// As [`Blobs::list`], with the newest record first.
    ///
    /// # Errors
    ///
    /// As [`Blobs::list`].
    pub fn list_newest(&self) -> Result<BlobList> {
        self.listed(QueryOptions {
            order: Order::Descending,
            ..QueryOptions::default()
        })
    }

    fn listed(&self, options: QueryOptions) -> Result<BlobList> {
        let results = self.asker().query(ALL, options);
        let results = results.map_err(|error| error.during("list"))?;
        let judge = self.keeper().judge()?.clone();
        Ok(BlobList::new(results, judge))
    }

    /// The records that are here, and those that come; and which of them were taken back.
    ///
    /// # Errors
    ///
    /// `closed`.
    pub fn subscribe(&self, options: SubscribeOptions) -> Result<BlobChanges> {
        let results = self.asker().subscribe(ALL, options, Wanted::All);
        let results = results.map_err(|error| error.during("subscribe"))?;
        Ok(BlobChanges::new(results))
    }

    pub(super) fn keeper(&self) -> &Arc<BlobKeeper> {
        &self.publisher.keeper
    }

    pub(super) fn check_open(&self) -> Result<()> {
        self.publisher.state.check_open()
    }

    /// Publishes what is said of blobs, all of it or nothing; durable when it returns.
    pub(super) fn publish_all(&self, contents: Vec<Content>) -> Result<Event> {
        self.publisher.publish(contents)
    }

    /// Who asks for records.
    fn asker(&self) -> Asker<'_> {
        Asker {
            state: &self.publisher.state,
            app_id: &self.publisher.app_id,
            app: &self.publisher.recorder,
        }
    }

    /// A file that is about to be copied.
    fn copy(&self, path: &Path, options: PutOptions) -> Result<FileCopy> {
        let file = FileCopy::open(path)?;
        let own_name = path.file_name().and_then(|name| name.to_str());
        // Nobody chose it for the blob, so nobody is to blame if it does not fit.
        let own_name = own_name.filter(|name| BlobName::new(*name).is_ok());
        let writer = self.begin(options.or_name(own_name).check()?)?;
        FileCopy::new(file, path, writer)
    }

    /// On a thread that may wait for the disk. What it brings is dropped there if nobody waits for
    /// it any more.
    pub(super) async fn in_background<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|error| {
            let message = "storing needs a tokio runtime; use put_blocking without one";
            while_storing(Error::new(ErrorKind::Unsupported, message).because(error))
        })?;
        let done = runtime.spawn_blocking(work).await;
        done.unwrap_or_else(|error| {
            // A runtime that ends may well end because its node was closed.
            self.publisher.state.check_open().map_err(while_storing)?;
            let cut_off = Error::new(ErrorKind::Internal, "storing was cut off");
            Err(while_storing(cut_off.because(error.to_string())))
        })
    }
}

fn while_storing(error: Error) -> Error {
    error.during("put")
}

/// Every record and every deletion has this tag.
const ALL: &str = "FROM 'blob'";
