//! The events of one seed, in a real node and in a list.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use swarmlet::{
    AppId, Clock, Durability, EventKey, NewEvent, Node, Options, Payload, Retention, Tags,
    Timestamp,
};
use swarmlet_sim::random::Random;

/// An event as the scan knows it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) key: EventKey,
    pub(crate) time_us: i64,
    pub(crate) app: &'static str,
    pub(crate) tags: Vec<&'static str>,
    pub(crate) payload: Value,
}

/// A node, and all that was published there in the order of event keys.
pub(crate) struct World {
    pub(crate) node: Node,
    pub(crate) known: Vec<Known>,
    pub(crate) clock: Arc<HandClock>,
    folder: tempfile::TempDir,
}

/// A clock that goes when it is told to, backward too.
#[derive(Debug)]
pub(crate) struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

impl World {
    /// An empty node with three streams.
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::tempdir().context("no folder for a node")?;
        let clock = Arc::new(HandClock(AtomicI64::new(NOW_US)));
        let node = open(&folder, &clock)?;
        Ok(Self {
            node,
            known: Vec::new(),
            clock,
            folder,
        })
    }

    /// The same node in another life.
    pub(crate) fn reopen(&mut self) -> Result<()> {
        self.node.close_blocking()?;
        self.node = open(&self.folder, &self.clock)?;
        Ok(())
    }

    /// Waits until all files but the one that is written have become segments.
    pub(crate) fn sealed(&self) -> Result<()> {
        for _ in 0..LOOKS_MAX {
            let log = self.node.metrics().log;
            if log.segments > 0 && log.log_files == 1 {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
        bail!("nothing was sealed: {:?}", self.node.metrics().log)
    }

    /// Publishes so many events; large ones fill files, which are then sealed.
    pub(crate) fn publish(
        &mut self,
        random: &mut Random,
        count: u64,
        is_large: bool,
    ) -> Result<()> {
        let mut left = count;
        while left > 0 {
            let batch = random.up_to(40.min(left));
            left -= batch;
            // Clocks go wrong: now and then time goes back.
            let step = random.below(10_000_000) as i64 - 1_000_000;
            let now = self.clock.0.fetch_add(step, Ordering::SeqCst) + step;
            let app = *random.pick(&APPS);
            let mut events = Vec::new();
            for _ in 0..batch {
                events.push((tags(random), payload(random)));
            }
            let noise_bytes = if is_large { NOISE_BYTES } else { 0 };
            self.publish_batch(app, now, events, noise_bytes)?;
        }
        self.known.sort_by_key(|known| known.key);
        Ok(())
    }

    fn publish_batch(
        &mut self,
        app: &'static str,
        time_us: i64,
        mut events: Vec<(Vec<&'static str>, Value)>,
        noise_bytes: usize,
    ) -> Result<()> {
        if let Some((_, payload)) = events.first_mut().filter(|_| noise_bytes > 0) {
            payload["noise"] = json!(format!("{:016x}", self.known.len() * 7919 % 6007));
        }
        let new = events.iter().map(|(tags, payload)| -> Result<NewEvent> {
            Ok(NewEvent {
                tags: Tags::new(tags.iter().copied())?,
                payload: Payload::from_serde(&loud(payload, noise_bytes))?,
            })
        });
        let node = self.node.scoped(AppId::new(app)?);
        let published = node.publish_many_blocking(new.collect::<Result<_>>()?)?;
        for (published, (tags, payload)) in published.into_iter().zip(events) {
            self.known.push(Known {
                key: published.key,
                time_us,
                app,
                tags,
                payload,
            });
        }
        Ok(())
    }
}

/// A node with three streams.
fn open(folder: &tempfile::TempDir, clock: &Arc<HandClock>) -> Result<Node> {
    let options = Options::new()
        .durability(Durability::Buffered)
        .clock(clock.clone())
        .stream("second", Retention::keep_all())
        .stream("third", Retention::keep_all())
        .route("'b'", "second")
        .route("'c'", "third");
    Ok(Node::open_blocking(folder.path().join("node"), options)?)
}

/// A payload whose noise, if there is any, has its length.
fn loud(payload: &Value, noise_bytes: usize) -> Value {
    let mut payload = payload.clone();
    if let Some(Value::String(noise)) = payload.get_mut("noise") {
        *noise = noise.repeat(noise_bytes / noise.len());
    }
    payload
}

/// The other way round, wherever the noise went: of long texts the scan knows the beginning.
pub(crate) fn quiet(value: &mut Value) {
    match value {
        Value::String(text) if text.len() >= NOISE_BYTES => text.truncate(16),
        Value::Array(members) => members.iter_mut().for_each(quiet),
        Value::Object(properties) => properties.values_mut().for_each(quiet),
        _ => {}
    }
}

fn tags(random: &mut Random) -> Vec<&'static str> {
    let mut tags: Vec<_> = TAGS
        .iter()
        .copied()
        .filter(|_| random.percent(30))
        .collect();
    tags.sort_unstable();
    tags
}

/// Any field may be missing, and `mixed` is of any kind.
fn payload(random: &mut Random) -> Value {
    let mut fields = serde_json::Map::new();
    let mut field = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    if random.percent(85) {
        field("n", json!(random.below(21) as i64 - 10));
    }
    if random.percent(85) {
        field("half", json!(random.below(20) as f64 / 2.0 + 0.5));
    }
    if random.percent(85) {
        field("s", json!(random.pick(&["", "x", "y", "it's", "\u{e4}"])));
    }
    if random.percent(85) {
        field("flag", json!(random.percent(50)));
    }
    field("sign", json!(if random.percent(50) { 1 } else { -1 }));
    field("mixed", mixed(random));
    Value::Object(fields)
}

fn mixed(random: &mut Random) -> Value {
    match random.below(7) {
        0 => Value::Null,
        1 => json!(random.percent(50)),
        2 => json!(random.below(3)),
        3 => json!(random.below(3) as f64),
        4 => json!("text"),
        5 => json!([random.below(2), "item"]),
        _ => json!({ "inner": random.below(3), "list": [1, [2]] }),
    }
}

pub(crate) const TAGS: [&str; 6] = ["a", "b", "c", "d:1", "d:2", "it's \u{e9}"];
pub(crate) const APPS: [&str; 3] = ["com.example.one", "com.example.two", "com.example.app"];
/// The first of January 2024.
pub(crate) const NOW_US: i64 = 1_704_067_200_000_000;
/// What fills files without being of interest.
const NOISE_BYTES: usize = 128 * 1024;
/// How long to wait for the node, and how often.
const LOOK: Duration = Duration::from_millis(2);
const LOOKS_MAX: u32 = 10_000;
