//! What the user decides when a node is opened.
//!
//! Collected as given, in builder style, and checked once, by `Node::open`: nothing here fails
//! before that and nothing is checked again after it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use swarmlet_engine::event::{AppId, Incarnation, StreamName};
use swarmlet_engine::limits::{CACHE_BYTES_DEFAULT, OWN_STREAMS_MAX};
use swarmlet_engine::log::{self, Durability, LogOptions, Route};
use swarmlet_engine::{Error, Result};

use crate::clock::{Clock, SystemClock};
use crate::identity::KeyStore;
use crate::limits::{
    BLOBS_SWEEP_PERIOD, BLOBS_SWEEP_PERIODS, CACHE_BYTES, QUEUE_BYTES, QUEUE_BYTES_DEFAULT,
};
use crate::query::route;
use crate::swarm::{Network, NetworkSettings};

/// How a node is opened. The default is right for most apps.
///
/// ```
/// use std::time::Duration;
/// use swarmlet::{Options, Retention};
///
/// let options = Options::new()
///     .app_id("com.example.press")
///     .stream("sensors", Retention::keep_all().age(Duration::from_secs(30 * 86_400)))
///     .route("'sensor' & appId(com.example.press)", "sensors");
/// # drop(options);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    app_id: Option<String>,
    streams: Vec<(String, Retention)>,
    routes: Vec<(String, String)>,
    durability: Durability,
    cache_bytes: Option<u64>,
    queue_bytes: Option<u64>,
    clock: Option<Arc<dyn Clock>>,
    key_store: Option<Arc<dyn KeyStore>>,
    network: Network,
    blobs_bytes_max: Option<u64>,
    blobs_sweep_period: Option<Duration>,
}

/// How much of a stream is kept. Without limits: everything.
///
/// What exceeds one of the limits is dropped, even if the others would keep it, and in whole runs:
/// so more may stay than a limit says, and with one limit alone never less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    events: Option<u64>,
    bytes: Option<u64>,
    age: Option<Duration>,
}

/// Options that were checked.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) app_id: AppId,
    pub(crate) log: LogOptions,
    pub(crate) queue_bytes: usize,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) key_store: Option<Arc<dyn KeyStore>>,
    pub(crate) network: NetworkSettings,
    pub(crate) blobs_bytes_max: Option<u64>,
    pub(crate) blobs_sweep_period: Duration,
}

impl Options {
    /// The default: app id `com.example.app`, one stream `default` that keeps everything,
    /// synced durability, 16 MiB of cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The app in whose name this handle publishes, and that `appId(me)` means in queries.
    /// A reverse DNS name; `com.example.app` unless set.
    #[must_use]
    pub fn app_id(mut self, app_id: impl Into<String>) -> Self {
        self.app_id = Some(app_id.into());
        self
    }

    /// Declares a stream, or limits what is kept of `default`. The last call for a name counts.
    #[must_use]
    pub fn stream(mut self, name: impl Into<String>, retention: Retention) -> Self {
        self.streams.push((name.into(), retention));
        self
    }

    /// Sends events that match a tag expression to a declared stream. The first route that
    /// matches decides; what no route matches goes to `default`.
    ///
    /// The expression is what stands behind `FROM` in a query, made of tags, `appId(...)` and
    /// `allEvents`: when an event is routed it has neither key nor time yet.
    #[must_use]
    pub fn route(mut self, tags: impl Into<String>, stream: impl Into<String>) -> Self {
        self.routes.push((tags.into(), stream.into()));
        self
    }

    /// When a publish is acknowledged; [`Durability::Synced`] unless set.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Bytes of decompressed blocks kept in memory: 16 MiB unless set, 1 MiB to 16 GiB.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = Some(bytes);
        self
    }

    /// Bytes of events that wait to be written before `publish` waits: 8 MiB unless set,
    /// 64 KiB to 1 GiB.
    #[must_use]
    pub fn queue_bytes(mut self, bytes: u64) -> Self {
        self.queue_bytes = Some(bytes);
        self
    }

    /// Where timestamps come from; the system clock unless set.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// What keeps the key of the device instead of the file `identity.key` in the data folder.
    #[must_use]
    pub fn key_store(mut self, key_store: Arc<dyn KeyStore>) -> Self {
        self.key_store = Some(key_store);
        self
    }

    /// How other nodes of the swarm are reached; see [`Network`].
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Bytes that blobs may take on this device; as many as there are unless set.
    ///
    /// When it is used up, what this device need not hold gives way, that first which was not read
    /// for longest; if there is nothing of that, no more is stored or fetched.
    #[must_use]
    pub fn blobs_bytes_max(mut self, bytes: u64) -> Self {
        self.blobs_bytes_max = Some(bytes);
        self
    }

    /// How often it is looked which blobs no record keeps any more; every 10 minutes unless set, 10
    /// ms to a day. Such a blob is removed at the second look.
    #[must_use]
    pub fn blobs_sweep_period(mut self, period: Duration) -> Self {
        self.blobs_sweep_period = Some(period);
        self
    }

    /// Checks everything, as [`Node::open`](crate::Node::open) does, without opening anything: for
    /// whoever keeps options to use them later.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for what is out of bounds or cannot be understood, `invalid_query` for a
    /// route.
    pub fn validate(&self) -> Result<()> {
        self.clone().check().map(drop)
    }

    /// Checks everything at once.
    pub(crate) fn check(self) -> Result<Settings> {
        let queue_bytes = self.queue_bytes.unwrap_or(QUEUE_BYTES_DEFAULT);
        let cache_bytes = self.cache_bytes.unwrap_or(CACHE_BYTES_DEFAULT);
        check_within("queue_bytes", queue_bytes, QUEUE_BYTES)?;
        check_within("cache_bytes", cache_bytes, CACHE_BYTES)?;
        let period = self.blobs_sweep_period.unwrap_or(BLOBS_SWEEP_PERIOD);
        let micros = |period: Duration| u64::try_from(period.as_micros()).unwrap_or(u64::MAX);
        let (least, most) = BLOBS_SWEEP_PERIODS;
        let bounds = (micros(least), micros(most));
        check_within("blobs_sweep_period in microseconds", micros(period), bounds)?;
        let streams = check_streams(&self.streams)?;
        let routes = self
            .routes
            .iter()
            .enumerate()
            .map(|(index, (tags, stream))| {
                check_route(tags, stream, &streams).map_err(|error| error.with("route", index))
            });
        Ok(Settings {
            app_id: AppId::new(self.app_id.as_deref().unwrap_or(APP_ID_DEFAULT))?,
            log: LogOptions {
                durability: self.durability,
                routes: routes.collect::<Result<_>>()?,
                streams,
                cache_bytes,
                incarnation: Incarnation::FIRST,
            },
            queue_bytes: queue_bytes as usize,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            key_store: self.key_store,
            network: self.network.check()?,
            blobs_bytes_max: self.blobs_bytes_max,
            blobs_sweep_period: period,
        })
    }
}

impl Retention {
    /// No limits.
    #[must_use]
    pub fn keep_all() -> Self {
        Self::default()
    }

    /// Keep at least this many of the newest events.
    #[must_use]
    pub fn events(mut self, count: u64) -> Self {
        self.events = Some(count);
        self
    }

    /// Keep at least this many stored bytes of the newest events.
    #[must_use]
    pub fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// Keep at least the events of this long.
    #[must_use]
    pub fn age(mut self, age: Duration) -> Self {
        self.age = Some(age);
        self
    }
}

impl From<Retention> for log::Retention {
    fn from(limits: Retention) -> Self {
        let micros = |age: Duration| i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        Self {
            events_max: limits.events,
            bytes_max: limits.bytes,
            age_max_micros: limits.age.map(micros),
        }
    }
}

type Streams = BTreeMap<StreamName, log::Retention>;

fn check_streams(declared: &[(String, Retention)]) -> Result<Streams> {
    let parse = |(name, limits): &(String, Retention)| {
        Ok((StreamName::new(name)?, log::Retention::from(*limits)))
    };
    let streams = declared.iter().map(parse).collect::<Result<Streams>>()?;
    let has_default = streams.contains_key(&StreamName::default_name());
    // The default stream is there whether it is declared or not.
    let count = streams.len() as u64 + u64::from(!has_default);
    if count > OWN_STREAMS_MAX {
        return Err(Error::invalid("too many streams are declared")
            .with("streams", count)
            .with("limit", OWN_STREAMS_MAX));
    }
    Ok(streams)
}

/// A route into a stream that is not declared is a slip of the pen more often than a wish.
fn check_route(tags: &str, stream: &str, streams: &Streams) -> Result<Route> {
    let into = StreamName::new(stream)?;
    if into != StreamName::default_name() && !streams.contains_key(&into) {
        return Err(
            Error::invalid("a route leads to a stream that is not declared").with("stream", stream),
        );
    }
    Ok(Route {
        selection: route(tags)?,
        into,
    })
}

fn check_within(name: &'static str, value: u64, bounds: (u64, u64)) -> Result<()> {
    let (least, most) = bounds;
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(format!("{name} is out of bounds"))
        .with(name, value)
        .with("least", least)
        .with("most", most))
}

const APP_ID_DEFAULT: &str = "com.example.app";
