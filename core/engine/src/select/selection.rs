//! The selection: a boolean expression over what is indexed of an event.

use super::bounds::{Comparison, KeyPoint};
use crate::event::{AppId, Event, EventKey, NodeId, Tag, Timestamp};

/// A condition on events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every event.
    All,
    /// No event.
    Nothing,
    /// Events with this tag.
    Tag(Tag),
    /// Events published by this app.
    App(AppId),
    /// Events of this node's own streams.
    Local,
    /// Events whose key compares so with the point.
    Key(Comparison, KeyPoint),
    /// Events whose timestamp compares so with the given one.
    Time(Comparison, Timestamp),
    /// Events that satisfy every part; all events if there is none.
    And(Vec<Selection>),
    /// Events that satisfy some part; no event if there is none.
    Or(Vec<Selection>),
}

/// What a selection looks at, wherever the event lies.
pub trait EventView {
    /// Its place in the total order.
    fn key(&self) -> EventKey;
    /// Wall clock of its publisher.
    fn timestamp(&self) -> Timestamp;
    /// Whether it was published by this app.
    fn is_of_app(&self, app_id: &AppId) -> bool;
    /// Whether it has this tag.
    fn has_tag(&self, tag: &Tag) -> bool;
}

impl Selection {
    /// The tags and apps in it, in the order in which they stand there, each once.
    #[must_use]
    pub fn terms(&self) -> Vec<&Self> {
        let mut terms = Vec::new();
        self.collect_terms(&mut terms);
        terms
    }

    fn collect_terms<'a>(&'a self, terms: &mut Vec<&'a Self>) {
        match self {
            Self::Tag(_) | Self::App(_) if !terms.contains(&self) => terms.push(self),
            Self::And(parts) | Self::Or(parts) => {
                for part in parts {
                    part.collect_terms(terms);
                }
            }
            _ => {}
        }
    }

    /// Whether `event` satisfies this; `local` is the node that asks.
    pub fn matches(&self, event: &impl EventView, local: NodeId) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Tag(tag) => event.has_tag(tag),
            Self::App(app_id) => event.is_of_app(app_id),
            Self::Local => event.key().stream.node == local,
            Self::Key(comparison, point) => comparison.holds(point.compare(&event.key())),
            Self::Time(comparison, time) => comparison.holds(event.timestamp().cmp(time)),
            Self::And(parts) => parts.iter().all(|part| part.matches(event, local)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(event, local)),
        }
    }
}

impl EventView for Event {
    fn key(&self) -> EventKey {
        self.key
    }

    fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    fn is_of_app(&self, app_id: &AppId) -> bool {
        self.app_id == *app_id
    }

    fn has_tag(&self, tag: &Tag) -> bool {
        self.tags().contains(tag.as_str())
    }
}
