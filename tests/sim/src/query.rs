//! Random questions.

use swarmlet_engine::event::{AppId, Event, Lamport, Offset, Offsets, Timestamp};
use swarmlet_engine::log::{Cursor, Order, Query};
use swarmlet_engine::select::{Comparison, KeyPoint, Selection};

use crate::mix::{TAGS, tag};
use swarmlet_sim::random::Random;

/// What a question can be about.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) present: &'a Offsets,
    pub(crate) apps: &'a [AppId],
    pub(crate) now: Timestamp,
    pub(crate) events: u64,
}

/// A question about anything, within any bounds, in any order.
pub(crate) fn draw_query(random: &mut Random, subject: &Subject<'_>) -> Query {
    let has_upper = random.percent(50);
    Query {
        selection: draw_selection(random, subject, 2),
        lower: draw_bound(random, subject.present, 40),
        upper: has_upper.then(|| draw_bound(random, subject.present, 80)),
        order: *random.pick(&[Order::Ascending, Order::Descending, Order::Stream]),
    }
}

/// The question for everything there is.
pub(crate) fn everything() -> Query {
    Query {
        selection: Selection::All,
        lower: Offsets::new(),
        upper: None,
        order: Order::Ascending,
    }
}

/// Reads `cursor` to its end, in chunks.
pub(crate) fn read_all(
    cursor: &mut Cursor,
    events_max: usize,
) -> swarmlet_engine::Result<Vec<Event>> {
    let mut events = Vec::new();
    loop {
        let chunk = cursor.next_chunk(events_max, CHUNK_BYTES_MAX)?;
        if chunk.is_empty() {
            return Ok(events);
        }
        events.extend(chunk);
    }
}

fn draw_selection(random: &mut Random, subject: &Subject<'_>, depth: u32) -> Selection {
    let comparison = |random: &mut Random| {
        let all = [
            Comparison::Less,
            Comparison::AtMost,
            Comparison::Greater,
            Comparison::AtLeast,
        ];
        *random.pick(&all)
    };
    let parts = |random: &mut Random| {
        let count = random.below(4);
        (0..count)
            .map(|_| draw_selection(random, subject, depth - 1))
            .collect()
    };
    match random.below(if depth > 0 { 12 } else { 8 }) {
        0 => Selection::All,
        1 => Selection::Local,
        2 => Selection::App(random.pick(subject.apps).clone()),
        3 => Selection::Key(comparison(random), draw_point(random, subject)),
        4 => {
            let back = random.below(subject.events * 1000 + 1) as i64;
            let time = Timestamp::from_micros(subject.now.micros() - back);
            Selection::Time(comparison(random), time)
        }
        5..8 => Selection::Tag(tag(random.pick::<&str>(&TAGS))),
        8 | 9 => Selection::And(parts(random)),
        10 => Selection::Or(parts(random)),
        _ => Selection::Nothing,
    }
}

fn draw_point(random: &mut Random, subject: &Subject<'_>) -> KeyPoint {
    let lamport = Lamport::new(random.below(subject.events + 2)).unwrap_or(Lamport::MAX);
    let streams: Vec<_> = subject.present.iter().map(|(stream, _)| stream).collect();
    let has_stream = !streams.is_empty() && random.percent(50);
    KeyPoint {
        lamport,
        stream: has_stream.then(|| *random.pick(&streams)),
    }
}

/// Some offsets of some streams; each stream is in it in so many of a hundred cases.
fn draw_bound(random: &mut Random, present: &Offsets, percent: u64) -> Offsets {
    let mut bound = Offsets::new();
    for (stream, last) in present.iter() {
        if random.percent(percent) {
            let offset = random.below(last.get() + 1);
            bound.set(stream, Offset::new(offset).unwrap_or(last));
        }
    }
    bound
}

const CHUNK_BYTES_MAX: usize = 64 * 1024;
