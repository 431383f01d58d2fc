//! The events of one seed, in a real node and in a list.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Context, Result};
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
    _folder: tempfile::TempDir,
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
        let options = Options::new()
            .durability(Durability::Buffered)
            .clock(clock.clone())
            .stream("second", Retention::keep_all())
            .stream("third", Retention::keep_all())
            .route("'b'", "second")
            .route("'c'", "third");
        let node = Node::open_blocking(folder.path().join("node"), options)?;
        Ok(Self {
            node,
            known: Vec::new(),
            clock,
            _folder: folder,
        })
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
                events.push((tags(random), payload(random, is_large)));
            }
            self.publish_batch(app, now, events)?;
        }
        self.known.sort_by_key(|known| known.key);
        Ok(())
    }

    fn publish_batch(
        &mut self,
        app: &'static str,
        time_us: i64,
        events: Vec<(Vec<&'static str>, Value)>,
    ) -> Result<()> {
        let new = events.iter().map(|(tags, payload)| -> Result<NewEvent> {
            Ok(NewEvent {
                tags: Tags::new(tags.iter().copied())?,
                payload: Payload::from_serde(payload)?,
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
fn payload(random: &mut Random, is_large: bool) -> Value {
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
    if is_large {
        let noise: String = (0..64).map(|_| format!("{:016x}", random.next())).collect();
        field("noise", json!(noise));
    }
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
