//! The log as a list: what was acknowledged, what may be there, and what may be missing.
//!
//! This is the whole specification a run is judged by. It knows nothing of files.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use swarmlet_engine::event::{
    AppId, Content, Event, EventKey, Lamport, NodeId, Offset, Offsets, StreamId, StreamName,
    StreamNumber, Timestamp,
};
use swarmlet_engine::log::{LogOptions, Order, Publish, Query, Retention};

/// Everything that was ever acknowledged and may still be asked for.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    own: NodeId,
    /// In the order of commit, which is the order of event keys.
    events: Vec<Event>,
    /// Events after each group.
    groups: Vec<usize>,
    /// Groups that are there whatever happens.
    groups_durable: usize,
    streams: BTreeMap<StreamName, StreamId>,
    /// Groups that failed, with the number of groups before them: each may be there or not.
    doubtful: Vec<(usize, Vec<Event>)>,
}

/// A group before it is committed.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Its events, in the order of the calls.
    pub(crate) events: Vec<Event>,
    streams: BTreeMap<StreamName, StreamId>,
}

/// What a restart has done to the events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Acknowledged groups that are gone; only `buffered` allows it.
    pub(crate) groups_lost: usize,
    /// Whether a group that was never acknowledged is there.
    pub(crate) is_doubt_kept: bool,
}

impl Model {
    pub(crate) fn new(own: NodeId) -> Self {
        Self {
            own,
            events: Vec::new(),
            groups: Vec::new(),
            groups_durable: 0,
            streams: BTreeMap::new(),
            doubtful: Vec::new(),
        }
    }

    /// What a group will be.
    pub(crate) fn plan(
        &self,
        calls: &[Publish],
        options: &LogOptions,
        now: Timestamp,
    ) -> Result<Plan> {
        let mut streams = self.streams.clone();
        let mut ends: BTreeMap<StreamId, u64> = BTreeMap::new();
        let mut lamport = self.lamport();
        let mut events = Vec::new();
        for call in calls {
            for content in call.events() {
                lamport = lamport.advanced(1)?;
                let name = route(call.app_id(), content, options, self.own);
                let stream = place(&mut streams, &name, self.own)?;
                let next = ends
                    .entry(stream)
                    .or_insert_with(|| self.offsets().next(stream));
                let key = EventKey {
                    lamport,
                    stream,
                    offset: Offset::new(*next)?,
                };
                *next += 1;
                events.push(Event::new(key, now, call.app_id().clone(), content.clone()));
            }
        }
        Ok(Plan { events, streams })
    }

    /// A group was acknowledged; it is durable if it was synced.
    pub(crate) fn acknowledge(&mut self, plan: Plan, is_synced: bool) {
        if !plan.events.is_empty() {
            self.streams = plan.streams;
            self.events.extend(plan.events);
            self.groups.push(self.events.len());
        }
        if is_synced {
            self.all_durable();
        }
    }

    /// A group failed: part of it, or all, may have been written.
    pub(crate) fn doubt(&mut self, plan: Plan) {
        if !plan.events.is_empty() {
            self.doubtful.push((self.groups.len(), plan.events));
        }
    }

    /// Everything acknowledged so far was synced.
    pub(crate) fn all_durable(&mut self) {
        self.groups_durable = self.groups.len();
    }

    /// Compares what is there after a restart with what may be there, and takes it over.
    ///
    /// `floors` says which offsets of a stream retention has dropped; `may_lose` whether what was
    /// acknowledged without a sync may be gone.
    pub(crate) fn settle(&mut self, found: &Found, may_lose: bool) -> Result<Settled> {
        let all = self.groups.len();
        let least = if may_lose { self.groups_durable } else { all };
        for kept in (least..=all).rev() {
            let candidate = self.candidates(kept).find(|events| found.is(events));
            if let Some(candidate) = candidate {
                let end = self.end_of(kept);
                let is_doubt_kept = candidate.len() > end;
                self.take_over(candidate, kept, &found.streams);
                return Ok(Settled {
                    groups_lost: all - kept,
                    is_doubt_kept,
                });
            }
        }
        bail!(
            "{} events are there after the restart; acknowledged were {}, durable groups {} of {}, \
             doubtful {:?}; {}",
            found.events.len(),
            self.events.len(),
            self.groups_durable,
            all,
            self.doubtful
                .iter()
                .map(|(at, group)| (*at, group.len()))
                .collect::<Vec<_>>(),
            self.difference(found),
        )
    }

    /// What may be there if `kept` groups are: these and no others, or one doubtful one more.
    fn candidates(&self, kept: usize) -> impl Iterator<Item = Vec<Event>> {
        let certain = &self.events[..self.end_of(kept)];
        let doubts = self.doubtful.iter().filter(move |(base, _)| *base == kept);
        let with_doubt = doubts.map(move |(_, doubt)| [certain, doubt].concat());
        with_doubt.chain(std::iter::once_with(|| certain.to_vec()))
    }

    /// How many events `groups` groups have.
    fn end_of(&self, groups: usize) -> usize {
        groups.checked_sub(1).map_or(0, |last| self.groups[last])
    }

    fn take_over(
        &mut self,
        events: Vec<Event>,
        groups: usize,
        streams: &BTreeMap<StreamName, StreamId>,
    ) {
        self.groups.truncate(groups);
        if self.groups.last().copied().unwrap_or(0) < events.len() {
            self.groups.push(events.len());
        }
        self.events = events;
        self.streams.clone_from(streams);
        self.doubtful.clear();
        self.all_durable();
    }

    fn difference(&self, found: &Found) -> String {
        let kept: Vec<&Event> = found.kept(&self.events).collect();
        let first = kept
            .iter()
            .zip(&found.events)
            .position(|(own, there)| **own != *there);
        let bounds = format!(
            "present {:?}, expected {:?}, floors {:?}",
            found.present,
            self.offsets(),
            found.floors
        );
        match first {
            Some(at) => {
                let (there, own) = (found.events[at].key, kept[at].key);
                format!("first difference: {there:?} for {own:?}; {bounds}")
            }
            None => bounds,
        }
    }

    /// What a query must deliver, given from where retention keeps each stream.
    pub(crate) fn answer(&self, query: &Query, floors: &Floors) -> Vec<Event> {
        let upper = query.upper.clone().unwrap_or_else(|| self.offsets());
        let is_wanted = |event: &&Event| {
            let key = event.key;
            !query.lower.contains(key.stream, key.offset)
                && upper.contains(key.stream, key.offset)
                && !is_dropped(floors, key)
                && query.selection.matches(*event, self.own)
        };
        let mut events: Vec<Event> = self.events.iter().filter(is_wanted).cloned().collect();
        match query.order {
            Order::Ascending => {}
            Order::Descending => events.reverse(),
            Order::Stream => events.sort_by_key(|event| (event.key.stream, event.key.offset)),
        }
        events
    }

    /// The last offset of each stream.
    pub(crate) fn offsets(&self) -> Offsets {
        offsets_of(&self.events)
    }

    /// Checks that retention dropped only what exceeds its limits.
    pub(crate) fn check_dropped(&self, dropped: &Dropped<'_>) -> Result<()> {
        let stream = dropped.stream;
        let end = self.offsets().next(stream);
        let range = dropped.from.get()..dropped.to.get();
        let is_dropped =
            |event: &&Event| event.key.stream == stream && range.contains(&event.key.offset.get());
        for event in self.events.iter().filter(is_dropped) {
            let newer = end - 1 - event.key.offset.get();
            let age = dropped.now.micros() - event.timestamp.micros();
            let exceeds = dropped.limits.is_some_and(|limits| {
                limits.events_max.is_some_and(|max| newer >= max)
                    || limits.age_max_micros.is_some_and(|max| age > max)
            });
            ensure!(
                exceeds,
                "retention dropped {} of {stream}, {age} us old, with {newer} newer ones; {:?}",
                event.key.offset,
                dropped.limits
            );
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    fn lamport(&self) -> Lamport {
        self.events
            .last()
            .map_or(Lamport::ZERO, |event| event.key.lamport)
    }
}

/// What retention took from a stream at one time.
#[derive(Debug)]
pub(crate) struct Dropped<'a> {
    pub(crate) stream: StreamId,
    pub(crate) from: Offset,
    pub(crate) to: Offset,
    pub(crate) limits: Option<&'a Retention>,
    pub(crate) now: Timestamp,
}

/// From which offset on each stream is kept.
pub(crate) type Floors = BTreeMap<StreamId, Offset>;

/// What a log holds after a restart.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) events: Vec<Event>,
    pub(crate) present: Offsets,
    pub(crate) floors: Floors,
    pub(crate) streams: BTreeMap<StreamName, StreamId>,
}

impl Found {
    /// Whether this is what is left of `events` when retention has dropped what it has.
    fn is(&self, events: &[Event]) -> bool {
        self.present == offsets_of(events) && self.kept(events).eq(&self.events)
    }

    fn kept<'a>(&self, events: &'a [Event]) -> impl Iterator<Item = &'a Event> {
        events
            .iter()
            .filter(|event| !is_dropped(&self.floors, event.key))
    }
}

fn is_dropped(floors: &Floors, key: EventKey) -> bool {
    floors
        .get(&key.stream)
        .is_some_and(|first| key.offset < *first)
}

fn offsets_of(events: &[Event]) -> Offsets {
    let mut offsets = Offsets::new();
    for event in events {
        offsets.advance(event.key.stream, event.key.offset);
    }
    offsets
}

fn route(app: &AppId, content: &Content, options: &LogOptions, own: NodeId) -> StreamName {
    let stream = StreamId::new(own, StreamNumber::DEFAULT);
    let key = EventKey {
        lamport: Lamport::ZERO,
        stream,
        offset: Offset::ZERO,
    };
    let event = Event::new(key, Timestamp::MIN, app.clone(), content.clone());
    let route = options
        .routes
        .iter()
        .find(|route| route.selection.matches(&event, own));
    route.map_or_else(StreamName::default_name, |route| route.into.clone())
}

/// The stream called `name`; a new one gets the number after the largest.
fn place(
    streams: &mut BTreeMap<StreamName, StreamId>,
    name: &StreamName,
    own: NodeId,
) -> Result<StreamId> {
    let largest = streams
        .values()
        .map(|stream| stream.number.get())
        .max()
        .unwrap_or(0);
    let number = match *name == StreamName::default_name() {
        true => StreamNumber::DEFAULT,
        false => StreamNumber::new(largest + 1)?,
    };
    Ok(*streams
        .entry(name.clone())
        .or_insert(StreamId::new(own, number)))
}
