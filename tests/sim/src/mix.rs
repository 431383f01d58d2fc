//! What one seed draws: sizes, options, and how often each thing happens.
//!
//! Each seed leaves out some kinds of events altogether and has others often: runs that lack a
//! fault reach states that a steady drizzle of all of them never does.

use swarmlet_engine::event::{AppId, StreamName, Tag};
use swarmlet_engine::log::{Durability, LogOptions, Retention, Route};
use swarmlet_engine::select::Selection;

use swarmlet_sim::random::Random;

/// One thing that can happen in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Publish,
    Query,
    HoldCursor,
    ReadCursor,
    Maintain,
    MarkIdle,
    Sync,
    Close,
    Kill,
    PowerLoss,
    FailOperation,
    FailSync,
    FillDisk,
    ReadOnly,
    DrawFaults,
    FlipBit,
}

/// The character of one run.
#[derive(Debug)]
pub(crate) struct Mix {
    pub(crate) actions: u64,
    pub(crate) log_file_bytes: u64,
    pub(crate) calls_max: u64,
    pub(crate) events_max: u64,
    pub(crate) payload_bytes_max: u64,
    /// Whether all frames are one sector, so that each may outlive the one before it, and later
    /// ones come to lie where others were.
    pub(crate) is_uniform: bool,
    pub(crate) options: LogOptions,
    pub(crate) apps: Vec<AppId>,
    weights: Vec<(Action, u64)>,
}

impl Mix {
    /// Draws the character of a run.
    pub(crate) fn draw(random: &mut Random) -> Self {
        // Some runs are busy with little trouble, so that they come to merging.
        let is_busy = random.percent(15);
        let log_file_bytes = match is_busy {
            true => LOG_FILE_BYTES[0],
            false => *random.pick(&LOG_FILE_BYTES),
        };
        let is_large = log_file_bytes >= 1024 * 1024;
        let payload_share = if is_busy {
            8
        } else {
            *random.pick(&[16, 64, 512])
        };
        let payload_bytes_max = (log_file_bytes / payload_share).min(900_000);
        let mut weights: Vec<(Action, u64)> = RARE
            .iter()
            .map(|action| (*action, *random.pick(&[0, 1, 2, 6])))
            .map(|(action, weight)| (action, if is_busy { weight / 2 } else { weight }))
            .collect();
        weights.extend(
            COMMON
                .iter()
                .map(|action| (*action, *random.pick(&[0, 8, 25]))),
        );
        weights.extend(is_busy.then_some((Action::Maintain, 40)));
        weights.push((Action::Publish, *random.pick(&[40, 90])));
        let mut options = draw_options(random);
        let is_uniform = random.percent(12);
        if is_uniform {
            options.durability = Durability::Buffered;
            options.routes.clear();
            weights.retain(|(action, _)| *action != Action::MarkIdle && *action != Action::Close);
            weights.push((Action::PowerLoss, 20));
        }
        Self {
            actions: match (is_large, is_busy) {
                (true, _) => 40,
                (_, true) => 250,
                _ => 50 + random.below(200),
            },
            log_file_bytes,
            calls_max: *random.pick(&[1, 3]),
            events_max: if is_busy {
                12
            } else {
                *random.pick(&[1, 4, 12])
            },
            payload_bytes_max,
            is_uniform,
            options,
            apps: APPS.iter().map(|app| app_id(app)).collect(),
            weights,
        }
    }

    /// The next thing to happen.
    pub(crate) fn next_action(&self, random: &mut Random) -> Action {
        let total = self.weights.iter().map(|(_, weight)| weight).sum();
        let mut left = random.below(total);
        for (action, weight) in &self.weights {
            if left < *weight {
                return *action;
            }
            left -= weight;
        }
        Action::Publish
    }
}

/// Options as somebody might change them between two runs of the program.
pub(crate) fn draw_options(random: &mut Random) -> LogOptions {
    let mut options = LogOptions {
        cache_bytes: *random.pick(&[0, 64 * 1024, 1024 * 1024]),
        ..LogOptions::default()
    };
    if random.percent(25) {
        options.durability = Durability::Buffered;
    }
    for (index, name) in STREAMS.iter().enumerate() {
        if random.percent(50) {
            let selection = match random.below(3) {
                0 => Selection::Tag(tag(TAGS[index])),
                1 => Selection::App(app_id(APPS[index % APPS.len()])),
                _ => Selection::Or(vec![
                    Selection::Tag(tag(TAGS[index + 1])),
                    Selection::Tag(tag(TAGS[index + 2])),
                ]),
            };
            options.routes.push(Route {
                selection,
                into: stream_name(name),
            });
        }
    }
    let is_retaining = random.percent(40);
    for name in STREAMS.iter().chain(&["default"]).filter(|_| is_retaining) {
        let mut limit = |max: u64| random.percent(50).then(|| random.up_to(max));
        let retention = Retention {
            events_max: limit(60),
            bytes_max: None,
            age_max_micros: limit(100_000).map(|micros| micros as i64),
        };
        options.streams.insert(stream_name(name), retention);
    }
    options
}

/// A tag from the few that are in use.
pub(crate) fn tag(text: &str) -> Tag {
    Tag::new(text).expect("the tags in use are valid")
}

fn app_id(text: &str) -> AppId {
    AppId::new(text).expect("the app ids in use are valid")
}

fn stream_name(text: &str) -> StreamName {
    StreamName::new(text).expect("the stream names in use are valid")
}

/// The tags in use.
pub(crate) const TAGS: [&str; 8] = [
    "a",
    "b",
    "c",
    "machine:1",
    "machine:2",
    "order",
    "\u{e4}",
    "z:9",
];

const APPS: [&str; 3] = ["com.example.one", "com.example.two", "x"];
const STREAMS: [&str; 3] = ["alarms", "sensors", "audit"];
const LOG_FILE_BYTES: [u64; 8] = [
    16 * 1024,
    16 * 1024,
    24 * 1024,
    32 * 1024,
    64 * 1024,
    64 * 1024,
    256 * 1024,
    1024 * 1024,
];
const COMMON: [Action; 4] = [
    Action::Query,
    Action::Maintain,
    Action::MarkIdle,
    Action::ReadCursor,
];
const RARE: [Action; 11] = [
    Action::HoldCursor,
    Action::Sync,
    Action::Close,
    Action::Kill,
    Action::PowerLoss,
    Action::FailOperation,
    Action::FailSync,
    Action::FillDisk,
    Action::ReadOnly,
    Action::DrawFaults,
    Action::FlipBit,
];
