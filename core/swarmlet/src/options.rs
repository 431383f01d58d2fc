//! What the user decides when a node is opened.
//!
//! Collected as given, in builder style, and checked once, by `Node::open`: nothing here fails
//! before that and nothing is checked again after it.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::log_types::Durability;

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
    pub(crate) app_id: Option<String>,
    pub(crate) streams: Vec<(String, Retention)>,
    pub(crate) routes: Vec<(String, String)>,
    pub(crate) durability: Durability,
    pub(crate) cache_bytes: Option<u64>,
    pub(crate) queue_bytes: Option<usize>,
    pub(crate) clock: Option<Arc<dyn Clock>>,
}

/// How much of a stream is kept. Without limits: everything.
///
/// Limits are lower bounds of what stays: old events are dropped in whole runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    pub(crate) events: Option<u64>,
    pub(crate) bytes: Option<u64>,
    pub(crate) age: Option<Duration>,
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
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = Some(bytes);
        self
    }

    /// Where timestamps come from; the system clock unless set.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
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
