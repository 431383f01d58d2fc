//! The node: the front door.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use swarmlet_engine::event::{
    AppId, Content, NewEvent, NodeId, Offsets, Payload, Signature, StreamId, Tags, Timestamp,
};
use swarmlet_engine::log::{Publish, Published, StreamInfo};
use swarmlet_engine::{Error, ErrorKind, Result};

use crate::blobs::Blobs;
use crate::clock::Stopwatch;
use crate::metrics::{AppRecorder, Metrics};
use crate::open::Running;
use crate::options::{Options, Settings};
use crate::park::block_on;
use crate::query::{Asker, Explanation, QueryOptions, Results, Row, SubscribeOptions, Wanted};
use crate::swarm::Swarm;

/// An open node. Clones are handles of the same node.
///
/// Dropping the last handle closes the node in the background; [`Node::close`] waits for it.
/// Results, subscriptions and [`Blobs`] do not keep a node open.
#[derive(Clone, Debug)]
pub struct Node {
    running: Arc<Running>,
    app_id: AppId,
    /// What is counted of the app.
    recorder: Arc<AppRecorder>,
}

/// How far the node is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OffsetsState {
    /// What is here: for each stream the last offset that can be delivered without gap. Of other
    /// nodes' events the newest may not be durable here yet; they are durable at their author.
    pub present: Offsets,
    /// How many events of each stream other nodes have and this one does not yet.
    pub to_replicate: BTreeMap<StreamId, u64>,
}

impl Node {
    /// Opens the data folder at `path`, which is made on first use, and recovers its log.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for bad options and for a folder that is not ours, `invalid_query` for a
    /// route that cannot be understood, `locked` if a node has the folder open, `incompatible` for
    /// another format, `permission_denied` for a read-only folder and for a folder or identity that
    /// others may access, `corrupt` for a damaged identity or log, `disk_full`, `storage`.
    pub async fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let runtime = tokio::runtime::Handle::try_current().map_err(|error| {
            let message = "opening needs a tokio runtime; use open_blocking without one";
            Error::new(ErrorKind::Unsupported, message)
                .because(error)
                .during("open")
        })?;
        let opened = runtime
            .spawn_blocking(move || Self::open_blocking(path, options))
            .await;
        opened.unwrap_or_else(|error| {
            let message = "opening was cut off";
            Err(Error::new(ErrorKind::Internal, message)
                .because(error.to_string())
                .during("open"))
        })
    }

    /// As [`Node::open`], for callers without a runtime.
    pub fn open_blocking(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let open = |settings: Settings| {
            let app_id = settings.app_id.clone();
            let running = Arc::new(Running::open(path.as_ref(), settings)?);
            Ok(Self::of(running, app_id))
        };
        options
            .check()
            .and_then(open)
            .map_err(|error| error.during("open"))
    }

    /// The identity of this device.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.running.state.id
    }

    /// The data folder. What belongs to the node and to no other device can be kept there by parts
    /// of the host program, in files of other names than the node's own: the folder is private, and
    /// only one node uses it at a time.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.running.path
    }

    /// The app in whose name this handle publishes.
    #[must_use]
    pub fn app_id(&self) -> &AppId {
        &self.app_id
    }

    /// A handle of the same node for another app: for what it publishes, and for `appId(me)`.
    #[must_use]
    pub fn scoped(&self, app_id: AppId) -> Self {
        Self::of(self.running.clone(), app_id)
    }

    /// Publishes one event; durable when this returns, and visible to every later query.
    ///
    /// Calls are queued in the order in which their futures are first polled. While the queue is
    /// full they wait in line; a future dropped there publishes nothing. Once queued, the publish
    /// completes even if the future is dropped.
    ///
    /// # Errors
    ///
    /// `closed`, `disk_full`, `storage`; of the last two nothing was acknowledged, and after
    /// `storage` the node has to be opened again.
    pub async fn publish(&self, tags: Tags, payload: Payload) -> Result<Published> {
        let published = self.publish_many(vec![NewEvent { tags, payload }]).await?;
        only(&published)
    }

    /// As [`Node::publish`], for callers without a runtime. The fastest way for one publisher: if
    /// nobody else is publishing, the caller's thread writes by itself.
    pub fn publish_blocking(&self, tags: Tags, payload: Payload) -> Result<Published> {
        let published = self.publish_many_blocking(vec![NewEvent { tags, payload }])?;
        only(&published)
    }

    /// Publishes events together, in their order: after a crash all of them are there, or none.
    ///
    /// At most 16 384 events and 4 MiB; no events are fine. Otherwise as [`Node::publish`].
    ///
    /// # Errors
    ///
    /// As [`Node::publish`], and `invalid_argument` above the bounds.
    pub async fn publish_many(&self, events: Vec<NewEvent>) -> Result<Vec<Published>> {
        let outcome = match self.encode(events) {
            Ok(Some(publish)) => self.running.writer.publish(publish, &self.recorder).await,
            Ok(None) => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        outcome.map_err(|error| error.during("publish"))
    }

    /// As [`Node::publish_many`], for callers without a runtime.
    pub fn publish_many_blocking(&self, events: Vec<NewEvent>) -> Result<Vec<Published>> {
        let outcome = match self.encode(events) {
            Ok(Some(publish)) => self
                .running
                .writer
                .publish_blocking(publish, &self.recorder),
            Ok(None) => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        outcome.map_err(|error| error.during("publish"))
    }

    /// Publishes events that happened at other times than now, such as those of another log: as
    /// [`Node::publish_many`], but with these times. Times order nothing; retention by age and
    /// `TIME` in queries look at them.
    ///
    /// # Errors
    ///
    /// As [`Node::publish_many`].
    pub async fn publish_stamped(
        &self,
        events: Vec<(NewEvent, Timestamp)>,
    ) -> Result<Vec<Published>> {
        let (events, times) = events.into_iter().unzip();
        let outcome = match self.encode(events) {
            Ok(Some(publish)) => {
                let publish = publish.stamped(times);
                self.running.writer.publish(publish, &self.recorder).await
            }
            Ok(None) => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        outcome.map_err(|error| error.during("publish"))
    }

    /// Starts a query over what is present now. Checks text, parameters and bounds; reads nothing
    /// yet.
    ///
    /// An `ORDER` clause in the text goes before the order of the options.
    ///
    /// # Errors
    ///
    /// `invalid_query` with line, column, offset, found and expected in the context (see
    /// [`query_mistake`](crate::query_mistake) for a picture), also for a parameter that is not
    /// given; `invalid_argument` if the upper bound is beyond what is present or names an unknown
    /// stream; `closed`.
    pub fn query(&self, aql: &str, options: QueryOptions) -> Result<Results> {
        let begun = self.asker().query(aql, options);
        begun.map_err(|error| error.during("query"))
    }

    /// Starts a subscription: everything that matches after the given offsets, first what is
    /// present, by event key, then what comes: without gap and in order within each stream. Checks
    /// text and parameters; reads nothing yet.
    ///
    /// Results of `AGGREGATE` and `GROUP BY` come once for what is present, and again whenever they
    /// have changed: then the row before is taken back. Sub-queries see all that is present. Times
    /// relative to now, as in `TIME > 1h ago`, count from this call.
    ///
    /// # Errors
    ///
    /// `invalid_query` as for [`Node::query`], also for `ORDER DESC`; `closed`.
    pub fn subscribe(&self, aql: &str, options: SubscribeOptions) -> Result<Results> {
        self.begin(aql, options, Wanted::All)
    }

    /// As [`Node::subscribe`], in the order of event keys also between streams. It ends with
    /// [`Item::TimeTravel`](crate::Item::TimeTravel) when an event arrives that sorts before one
    /// that was delivered; then what was made of later events has to be made again.
    ///
    /// # Errors
    ///
    /// As [`Node::subscribe`], and `invalid_query` for `LIMIT`, `AGGREGATE`, `GROUP BY` and
    /// `FROM [...]`, which have no place in it.
    pub fn subscribe_monotonic(&self, aql: &str, options: SubscribeOptions) -> Result<Results> {
        self.begin(aql, options, Wanted::Monotonic)
    }

    /// Follows the latest result of a query, by event key: one row now, if there is one, and
    /// another whenever there is a later one. Finding the first costs what one event costs,
    /// however many match.
    ///
    /// # Errors
    ///
    /// As [`Node::subscribe`].
    pub fn observe_latest(&self, aql: &str, options: SubscribeOptions) -> Result<Results> {
        self.begin(aql, options, Wanted::Latest)
    }

    /// As [`Node::observe_latest`] for the earliest result; another row comes if an older event
    /// arrives.
    ///
    /// # Errors
    ///
    /// As [`Node::subscribe`].
    pub fn observe_earliest(&self, aql: &str, options: SubscribeOptions) -> Result<Results> {
        self.begin(aql, options, Wanted::Earliest)
    }

    /// Waits for the first row of a subscription for which the condition holds, which may well be
    /// present already. Conditions on values are best said in the query:
    /// `FROM 'part' AGGREGATE COUNT(_) FILTER _ >= 100`.
    ///
    /// # Errors
    ///
    /// As [`Node::subscribe`] and [`Results::next_chunk`]; `cancelled` if the query ends without
    /// such a row, as one with `LIMIT` does.
    pub async fn wait_for(
        &self,
        aql: &str,
        options: SubscribeOptions,
        mut is_met: impl FnMut(&Row) -> bool,
    ) -> Result<Row> {
        let mut results = self.subscribe(aql, options)?;
        while let Some(rows) = results.next_chunk(1).await? {
            if let Some(row) = rows.into_iter().find(&mut is_met) {
                return Ok(row);
            }
        }
        Err(not_met())
    }

    /// As [`Node::wait_for`], for callers without a runtime; `timeout` if it takes longer than
    /// that.
    pub fn wait_for_blocking(
        &self,
        aql: &str,
        options: SubscribeOptions,
        timeout: Option<Duration>,
        mut is_met: impl FnMut(&Row) -> bool,
    ) -> Result<Row> {
        let mut results = self.subscribe(aql, options)?;
        let waited = Stopwatch::start();
        let left = || timeout.map(|timeout| timeout.saturating_sub(waited.elapsed()));
        loop {
            match results.next_chunk_within(1, left()) {
                Ok(Some(rows)) => {
                    if let Some(row) = rows.into_iter().find(&mut is_met) {
                        return Ok(row);
                    }
                }
                Ok(None) => return Err(not_met()),
                Err(error) if error.kind() == ErrorKind::Timeout => return Err(not_in_time()),
                Err(error) => return Err(error),
            }
            // There may be others, one after the other for ever.
            if left() == Some(Duration::ZERO) {
                return Err(not_in_time());
            }
        }
    }

    /// Runs a query to its end without its results, and says how that was done: which files and
    /// tags were looked at, and how many events were read for how many rows. It takes as long as
    /// the query does.
    ///
    /// # Errors
    ///
    /// As [`Node::query`] and [`Results::next_chunk`]; `unsupported` without a tokio runtime.
    pub async fn explain(&self, aql: &str, options: QueryOptions) -> Result<Explanation> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|error| {
            let message = "explaining needs a tokio runtime; use explain_blocking without one";
            Error::new(ErrorKind::Unsupported, message)
                .because(error)
                .during("explain")
        })?;
        let (node, aql) = (self.clone(), aql.to_owned());
        let explained = runtime.spawn_blocking(move || node.explain_blocking(&aql, options));
        explained.await.unwrap_or_else(|error| {
            Err(Error::new(ErrorKind::Internal, "explaining was cut off")
                .because(error.to_string())
                .during("explain"))
        })
    }

    /// As [`Node::explain`], for callers without a runtime.
    pub fn explain_blocking(&self, aql: &str, options: QueryOptions) -> Result<Explanation> {
        let explained = self.asker().explain(aql, options);
        explained.map_err(|error| error.during("explain"))
    }

    /// How far the node is.
    ///
    /// # Errors
    ///
    /// `closed`.
    pub fn offsets(&self) -> Result<OffsetsState> {
        let log = self
            .running
            .state
            .log()
            .map_err(|error| error.during("offsets"))?;
        Ok(OffsetsState {
            present: log.present(),
            to_replicate: self.swarm().status().to_replicate,
        })
    }

    /// The streams of which something is here, in the order of their ids.
    ///
    /// # Errors
    ///
    /// `closed`.
    pub fn streams(&self) -> Result<Vec<StreamInfo>> {
        let log = self
            .running
            .state
            .log()
            .map_err(|error| error.during("streams"))?;
        Ok(log.streams())
    }

    /// This node's place in its swarm: founding one, joining one, and how far everybody is.
    #[must_use]
    pub fn swarm(&self) -> Swarm {
        Swarm::new(self.running.swarm.clone())
    }

    /// Large bytes, named by their hash, which the devices of a swarm hand on to each other.
    #[must_use]
    pub fn blobs(&self) -> Blobs {
        let Running {
            state,
            writer,
            blobs,
            ..
        } = self.running.as_ref();
        let app = (self.app_id.clone(), self.recorder.clone());
        Blobs::new(blobs.clone(), writer.clone(), state.clone(), app)
    }

    /// Signs a message as this device, for a purpose that nobody else uses: name the program, what
    /// for, and a version. [`is_attested`](crate::is_attested) checks it, on any device.
    ///
    /// What an app hands out and takes back, a token say, is then known as its own, also after a
    /// restart. Other purposes, events and certificates are out of reach of such signatures.
    #[must_use]
    pub fn attest(&self, purpose: &str, message: &[u8]) -> Signature {
        self.running.swarm.attest(purpose, message)
    }

    /// What the node has counted and measured so far; also after it was closed.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.running.metrics()
    }

    /// Writes what is queued, stops, and releases the folder; other handles, results and
    /// subscriptions then give `closed`. Closing twice is fine. Dropping the future does not stop
    /// the closing.
    ///
    /// # Errors
    ///
    /// What the last write failed with, once; the node is closed all the same.
    pub async fn close(&self) -> Result<()> {
        self.running.writer.begin_close();
        self.running
            .state
            .closed()
            .await
            .map_err(|error| error.during("close"))
    }

    /// As [`Node::close`], for callers without a runtime.
    pub fn close_blocking(&self) -> Result<()> {
        block_on(self.close())
    }

    /// Encodes on the caller's thread; nothing if there are no events.
    fn encode(&self, events: Vec<NewEvent>) -> Result<Option<Publish>> {
        self.running.state.check_open()?;
        if events.is_empty() {
            return Ok(None);
        }
        let encode = |event: &NewEvent| Content::new(&event.tags, &event.payload);
        Publish::new(self.app_id.clone(), events.iter().map(encode).collect()).map(Some)
    }

    /// Who asks, in queries.
    fn asker(&self) -> Asker<'_> {
        Asker {
            state: &self.running.state,
            app_id: &self.app_id,
            app: &self.recorder,
        }
    }

    fn of(running: Arc<Running>, app_id: AppId) -> Self {
        let recorder = running.state.recorders.apps.of(&app_id);
        Self {
            running,
            app_id,
            recorder,
        }
    }

    fn begin(&self, aql: &str, options: SubscribeOptions, wanted: Wanted) -> Result<Results> {
        let begun = self.asker().subscribe(aql, options, wanted);
        begun.map_err(|error| error.during("subscribe"))
    }
}

fn not_met() -> Error {
    let message = "the query ended before the condition was met";
    Error::new(ErrorKind::Cancelled, message).during("wait_for")
}

fn not_in_time() -> Error {
    Error::new(ErrorKind::Timeout, "no such row came in time").during("wait_for")
}

/// The answer to a publish of one event.
fn only(published: &[Published]) -> Result<Published> {
    let missing = || Error::new(ErrorKind::Internal, "a published event has no answer");
    published.first().copied().ok_or_else(missing)
}
