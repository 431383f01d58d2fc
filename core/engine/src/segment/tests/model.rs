//! The model: batches and events in vectors, and every question answered by looking at all.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::merge::merge_with;
use super::super::sizes::Sizes;
use super::super::writer::{SegmentWriter, StreamStart};
use super::super::{
    BlockCache, Direction, Floors, Segment, SegmentCursor, SegmentName, SegmentQuery,
};
use crate::event::batch::{BatchPlace, BatchRef, BodyBuilder, Records};
use crate::event::{
    AppId, Batch, BatchHash, Content, DeviceKey, Event, EventKey, Lamport, NodeId, Offset, Offsets,
    Payload, Signer, StreamId, StreamName, StreamNumber, Tag, Tags, Timestamp,
};
use crate::select::{Comparison, KeyPoint, Selection};
use crate::storage::{Disk, SimDisk};

/// Small, so that little data has many blocks and checkpoints.
pub(super) const SMALL: Sizes = Sizes {
    block_bytes: 300,
    checkpoint_bytes: 900,
    waiting_bytes: 4000,
};

pub(super) const STREAMS: usize = 5;
const TAGS: u8 = 6;

/// What a batch will be made of.
#[derive(Clone, Debug)]
pub(super) struct BatchPlan {
    pub(super) stream: usize,
    pub(super) app: u8,
    pub(super) is_signed: bool,
    pub(super) events: Vec<EventPlan>,
}

#[derive(Clone, Debug)]
pub(super) struct EventPlan {
    pub(super) lamport_step: u64,
    pub(super) time: i64,
    pub(super) tags: u8,
    pub(super) text: String,
}

fn event_plan() -> impl Strategy<Value = EventPlan> {
    let text = prop_oneof![9 => "[a-z]{0,40}", 1 => "[a-z]{300,700}"];
    (1u64..4, -20i64..100, 0u8..1 << TAGS, text).prop_map(|(lamport_step, time, tags, text)| {
        EventPlan {
            lamport_step,
            time,
            tags,
            text,
        }
    })
}

pub(super) fn batch_plans() -> impl Strategy<Value = Vec<BatchPlan>> {
    let events = prop::collection::vec(event_plan(), 1..12);
    let batch =
        (0..STREAMS, 0u8..3, any::<bool>(), events).prop_map(|(stream, app, is_signed, events)| {
            BatchPlan {
                stream,
                app,
                is_signed,
                events,
            }
        });
    prop::collection::vec(batch, 1..30)
}

pub(super) fn key(number: usize) -> DeviceKey {
    DeviceKey::from_seed(&[number as u8 + 1; 32])
}

/// Three nodes; the first two have two streams each.
pub(super) fn stream_id(index: usize) -> StreamId {
    let number = StreamNumber::new((index % 2) as u64).unwrap();
    StreamId::new(key(index / 2).node_id(), number)
}

pub(super) fn app(number: u8) -> AppId {
    AppId::new(&format!("com.example.app-{number}")).unwrap()
}

pub(super) fn tag(number: u8) -> Tag {
    Tag::new(&format!("tag:{number}")).unwrap()
}

/// Everything there is.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    /// Per segment, in the order they were made.
    pub(super) batches: Vec<Vec<Batch>>,
    pub(super) events: Vec<Event>,
    heads: std::collections::BTreeMap<StreamId, (u64, BatchHash, u64)>,
}

impl Model {
    /// Batches as planned, in segments of `per_segment`.
    pub(super) fn new(plans: &[BatchPlan], per_segment: usize) -> Self {
        let mut model = Self::default();
        for plans in plans.chunks(per_segment) {
            model.batches.push(Vec::new());
            for (index, plan) in plans.iter().enumerate() {
                let is_last = plans[index + 1..]
                    .iter()
                    .all(|other| other.stream != plan.stream);
                model.push(plan, plan.is_signed || is_last);
            }
        }
        model
    }

    fn push(&mut self, plan: &BatchPlan, is_signed: bool) {
        let stream = stream_id(plan.stream);
        let start = (0, BatchHash::GENESIS, 0);
        let (offset, previous, mut lamport) = *self.heads.entry(stream).or_insert(start);
        let mut body = BodyBuilder::new();
        for event in &plan.events {
            lamport += event.lamport_step;
            let set = (0..TAGS)
                .filter(|number| event.tags >> number & 1 == 1)
                .map(tag);
            let tags = Tags::from_tags(set.collect()).unwrap();
            let content = Content::new(&tags, &Payload::from_serde(&event.text).unwrap());
            let time = Timestamp::from_micros(event.time);
            body.push(Lamport::new(lamport).unwrap(), time, content.as_bytes());
        }
        let place = BatchPlace {
            stream,
            name: name(),
            first_offset: Offset::new(offset).unwrap(),
            previous,
        };
        let mut batch = body.finish(place, app(plan.app));
        if offset > 0 && plan.events.len().is_multiple_of(3) {
            // As early versions wrote them.
            batch.header.name = None;
        }
        let hash = batch.header.hash();
        if is_signed {
            batch.signature = Some(hash.signed_by(&key(plan.stream / 2)));
        }
        self.events.extend(events_of(&batch));
        self.heads
            .insert(stream, (offset + plan.events.len() as u64, hash, lamport));
        self.batches.last_mut().unwrap().push(batch);
    }

    pub(super) fn upper(&self) -> Offsets {
        let heads = self.heads.iter();
        heads
            .map(|(stream, head)| (*stream, Offset::new(head.0 - 1).unwrap()))
            .collect()
    }

    /// All batches of a stream.
    pub(super) fn batches_of(&self, stream: StreamId) -> Vec<Batch> {
        let all = self.batches.iter().flatten();
        all.filter(|batch| batch.header.stream == stream)
            .cloned()
            .collect()
    }

    /// What a query should find.
    pub(super) fn find(&self, query: &SegmentQuery<'_>) -> Vec<Event> {
        let is_wanted = |event: &&Event| {
            let (stream, offset) = (event.key.stream, event.key.offset);
            !query.lower.contains(stream, offset)
                && query.upper.contains(stream, offset)
                && query.selection.matches(*event, query.local)
        };
        let mut found: Vec<Event> = self.events.iter().filter(is_wanted).cloned().collect();
        found.sort_by_key(|event| event.key);
        if query.direction == Direction::Backward {
            found.reverse();
        }
        found
    }
}

pub(super) fn name() -> StreamName {
    StreamName::new("sensors").unwrap()
}

pub(super) fn events_of(batch: &Batch) -> Vec<Event> {
    let mut records = Records::new(&batch.body);
    let mut events = Vec::new();
    while let Some(record) = records.read_next().unwrap() {
        let offset = batch
            .header
            .first_offset
            .advanced(events.len() as u64)
            .unwrap();
        let key = EventKey {
            lamport: record.lamport,
            stream: batch.header.stream,
            offset,
        };
        let content = record.content.to_content();
        events.push(Event::new(
            key,
            record.timestamp,
            batch.header.app_id.clone(),
            content,
        ));
    }
    events
}

/// A disk with the segments of a model.
pub(super) struct Bench {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) sim: SimDisk,
    pub(super) cache: Arc<BlockCache>,
}

impl Bench {
    pub(super) fn new() -> Self {
        let sim = SimDisk::new(1);
        let disk: Arc<dyn Disk> = Arc::new(SimDisk::clone(&sim));
        Self {
            disk,
            sim,
            cache: Arc::new(BlockCache::new(1 << 20)),
        }
    }

    /// Seals each part of the model, as log files 1, 2, ...
    pub(super) fn seal(&self, model: &Model, sizes: Sizes) -> Vec<Arc<Segment>> {
        let parts = model.batches.iter().zip(1..);
        parts
            .map(|(batches, number)| self.seal_one(batches, number, sizes))
            .collect()
    }

    pub(super) fn seal_one(&self, batches: &[Batch], number: u64, sizes: Sizes) -> Arc<Segment> {
        let name = SegmentName {
            first: number,
            last: number,
            revision: 0,
        };
        let mut writer = SegmentWriter::create_with(Arc::clone(&self.disk), name, sizes).unwrap();
        let mut sorted: Vec<&Batch> = batches.iter().collect();
        sorted.sort_by_key(|batch| (batch.header.stream, batch.header.first_offset));
        let mut stream = None;
        for batch in sorted {
            let header = &batch.header;
            if stream.replace(header.stream) != Some(header.stream) {
                writer
                    .begin_stream(StreamStart {
                        stream: header.stream,
                        name: super::model::name(),
                        first_offset: header.first_offset,
                        previous: header.previous,
                    })
                    .unwrap();
            }
            writer.push_batch(&as_ref(batch)).unwrap();
        }
        Arc::new(writer.finish(&Floors::new(), &self.cache).unwrap())
    }

    pub(super) fn merge(
        &self,
        sources: &[Arc<Segment>],
        floors: &Floors,
        sizes: Sizes,
    ) -> Arc<Segment> {
        let (first, last) = (sources[0].name(), sources[sources.len() - 1].name());
        let revision = if first == last { first.revision + 1 } else { 0 };
        let name = SegmentName {
            first: first.first,
            last: last.last,
            revision,
        };
        let disk = Arc::clone(&self.disk);
        Arc::new(merge_with(disk, sources, name, floors, &self.cache, sizes).unwrap())
    }
}

pub(super) fn as_ref(batch: &Batch) -> BatchRef<'_> {
    BatchRef {
        header: batch.header.clone(),
        signature: batch.signature,
        body: &batch.body,
        body_at: 0,
    }
}

/// Reads a cursor to its end, and checks that peeking tells what comes.
pub(super) fn drain(mut cursor: SegmentCursor) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let peeked = cursor.peek().unwrap();
        let event = cursor.next_event().unwrap();
        assert_eq!(peeked, event.as_ref().map(|event| event.key));
        match event {
            Some(event) => events.push(event),
            None => return events,
        }
    }
}

/// Reads all segments and puts the events in order.
pub(super) fn find_in(segments: &[Arc<Segment>], query: &SegmentQuery<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    for segment in segments {
        let found = drain(segment.cursor(query).unwrap());
        let is_forward = query.direction == Direction::Forward;
        assert!(found.is_sorted_by(|left, right| (left.key < right.key) == is_forward));
        events.extend(found);
    }
    events.sort_by_key(|event| event.key);
    if query.direction == Direction::Backward {
        events.reverse();
    }
    events
}

fn comparison() -> impl Strategy<Value = Comparison> {
    prop_oneof![
        Just(Comparison::Less),
        Just(Comparison::AtMost),
        Just(Comparison::Greater),
        Just(Comparison::AtLeast),
    ]
}

pub(super) fn selection() -> impl Strategy<Value = Selection> {
    let point = (0u64..80, prop::option::of(0..STREAMS)).prop_map(|(lamport, stream)| KeyPoint {
        lamport: Lamport::new(lamport).unwrap(),
        stream: stream.map(stream_id),
    });
    let leaf = prop_oneof![
        2 => Just(Selection::All),
        1 => Just(Selection::Nothing),
        6 => (0..TAGS + 1).prop_map(|number| Selection::Tag(tag(number))),
        3 => (0u8..4).prop_map(|number| Selection::App(app(number))),
        1 => Just(Selection::Local),
        3 => (comparison(), point).prop_map(|(how, point)| Selection::Key(how, point)),
        3 => (comparison(), -25i64..105)
            .prop_map(|(how, time)| Selection::Time(how, Timestamp::from_micros(time))),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let parts = prop::collection::vec(inner, 0..4);
        prop_oneof![
            parts.clone().prop_map(Selection::And),
            parts.prop_map(Selection::Or)
        ]
    })
}

/// Bounds for some of the streams.
pub(super) fn offsets() -> impl Strategy<Value = Offsets> {
    let bound = (0..STREAMS, 0u64..40);
    prop::collection::vec(bound, 0..STREAMS).prop_map(|bounds| {
        let bounds = bounds.into_iter();
        bounds
            .map(|(stream, last)| (stream_id(stream), Offset::new(last).unwrap()))
            .collect()
    })
}

pub(super) fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Forward), Just(Direction::Backward)]
}

pub(super) fn local() -> NodeId {
    key(0).node_id()
}
