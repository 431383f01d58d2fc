//! The log as a list, to compare it with.

use std::collections::BTreeMap;

use crate::event::{Content, Event, Offsets, StreamId, Timestamp};
use crate::log::{Order, Publish, Published, Query};

/// All committed events, in the order of commit.
#[derive(Debug, Default)]
pub(super) struct Model {
    events: Vec<Event>,
}

impl Model {
    /// Adds what was published, after checking that it continues the log.
    pub(super) fn commit(&mut self, call: &Publish, published: &[Published], now: Timestamp) {
        assert_eq!(call.events().len(), published.len());
        for (content, published) in call.events().iter().zip(published) {
            let last = self
                .events
                .last()
                .map_or(0, |event| event.key.lamport.get());
            assert_eq!(published.key.lamport.get(), last + 1);
            assert_eq!(
                published.key.offset.get(),
                self.offsets().next(published.key.stream)
            );
            assert_eq!(published.timestamp, now);
            let content: Content = content.clone();
            let event = Event::new(published.key, now, call.app_id().clone(), content);
            self.events.push(event);
        }
    }

    /// What `query` must deliver, where retention keeps each stream from `floors` on.
    pub(super) fn answer(&self, query: &Query, floors: &BTreeMap<StreamId, u64>) -> Vec<Event> {
        let upper = query.upper.clone().unwrap_or_else(|| self.offsets());
        let own = self.events.first().map(|event| event.key.stream.node);
        let is_wanted = |event: &&Event| {
            let key = event.key;
            let floor = floors.get(&key.stream).copied().unwrap_or(0);
            key.offset.get() >= floor.max(query.lower.next(key.stream))
                && upper.contains(key.stream, key.offset)
                && own.is_some_and(|own| query.selection.matches(*event, own))
        };
        let mut events: Vec<Event> = self.events.iter().filter(is_wanted).cloned().collect();
        match query.order {
            Order::Ascending => {}
            Order::Descending => events.reverse(),
            Order::Stream => events.sort_by_key(|event| (event.key.stream, event.key.offset)),
        }
        events
    }

    pub(super) fn offsets(&self) -> Offsets {
        let mut offsets = Offsets::new();
        for event in &self.events {
            offsets.advance(event.key.stream, event.key.offset);
        }
        offsets
    }
}
