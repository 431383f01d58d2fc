//! What clients get: the shapes of single answers.

use serde::ser::{Serialize, SerializeMap, Serializer};
use swarmlet::json::ToJson;
use swarmlet::{
    Diagnostic, Event, EventKey, Offsets, OffsetsState, Origin, Published, Row, Severity, Tags,
};

use super::bounds::{Bounds, Shown};

/// One thing that a query or subscription gives.
#[derive(Debug)]
pub(crate) enum Answer {
    Event {
        row: Row,
        /// Whether nothing newer is there; only told by monotonic subscriptions.
        is_caught_up: Option<bool>,
    },
    AntiEvent(Row),
    Offsets(Offsets),
    Diagnostic(Diagnostic),
    TimeTravel(EventKey),
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Event { row, is_caught_up } => {
                map.serialize_entry("type", "event")?;
                write_row(&mut map, row)?;
                if let Some(is_caught_up) = is_caught_up {
                    map.serialize_entry("caughtUp", is_caught_up)?;
                }
            }
            Self::AntiEvent(row) => {
                map.serialize_entry("type", "antiEvent")?;
                write_row(&mut map, row)?;
            }
            Self::Offsets(offsets) => {
                map.serialize_entry("type", "offsets")?;
                map.serialize_entry("offsets", &Bounds(offsets.clone()))?;
            }
            Self::Diagnostic(diagnostic) => {
                map.serialize_entry("type", "diagnostic")?;
                let severity = match diagnostic.severity {
                    Severity::Warning => "warning",
                    Severity::Error => "error",
                };
                map.serialize_entry("severity", severity)?;
                map.serialize_entry("message", &diagnostic.message)?;
            }
            Self::TimeTravel(key) => {
                map.serialize_entry("type", "timeTravel")?;
                map.serialize_entry("newStart", &Key(*key))?;
            }
        }
        map.end()
    }
}

fn write_row<M: SerializeMap>(map: &mut M, row: &Row) -> Result<(), M::Error> {
    match row.origin() {
        Origin::Event(event) => write_event(map, event)?,
        Origin::Synthetic => write_nothing(map)?,
        Origin::Range(range) => {
            write_nothing(map)?;
            map.serialize_entry("fromKey", &Key(range.from))?;
            map.serialize_entry("toKey", &Key(range.to))?;
            map.serialize_entry("fromTime", &range.from_time.micros())?;
            map.serialize_entry("toTime", &range.to_time.micros())?;
        }
    }
    map.serialize_entry("payload", &ToJson(&row.payload()))
}

fn write_event<M: SerializeMap>(map: &mut M, event: &Event) -> Result<(), M::Error> {
    write_key(map, &event.key)?;
    map.serialize_entry("timestamp", &event.timestamp.micros())?;
    map.serialize_entry("tags", &SortedTags(&event.tags()))?;
    map.serialize_entry("appId", event.app_id.as_str())
}

/// What stands where there is no single event.
fn write_nothing<M: SerializeMap>(map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("lamport", &0)?;
    map.serialize_entry("stream", NO_STREAM)?;
    map.serialize_entry("offset", &0)?;
    map.serialize_entry("timestamp", &0)?;
    map.serialize_entry("tags", &[(); 0])?;
    map.serialize_entry("appId", "none")
}

fn write_key<M: SerializeMap>(map: &mut M, key: &EventKey) -> Result<(), M::Error> {
    map.serialize_entry("lamport", &key.lamport.get())?;
    map.serialize_entry("stream", &Shown(key.stream))?;
    map.serialize_entry("offset", &key.offset.get())
}

struct Key(EventKey);

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        write_key(&mut map, &self.0)?;
        map.end()
    }
}

struct SortedTags<'a>(&'a Tags);

impl Serialize for SortedTags<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}

/// How far the node is.
#[derive(Debug)]
pub(crate) struct OffsetsAnswer(pub(crate) OffsetsState);

impl Serialize for OffsetsAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let missing = self.0.to_replicate.iter().filter(|(_, count)| **count > 0);
        let missing: serde_json::Map<String, serde_json::Value> = missing
            .map(|(stream, count)| (stream.to_string(), (*count).into()))
            .collect();
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("present", &Bounds(self.0.present.clone()))?;
        map.serialize_entry("toReplicate", &missing)?;
        map.end()
    }
}

/// The keys of what was published, in the order of the request.
#[derive(Debug)]
pub(crate) struct PublishAnswer(pub(crate) Vec<Published>);

impl Serialize for PublishAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct One<'a>(&'a Published);
        impl Serialize for One<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(4))?;
                write_key(&mut map, &self.0.key)?;
                map.serialize_entry("timestamp", &self.0.timestamp.micros())?;
                map.end()
            }
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("data", &self.0.iter().map(One).collect::<Vec<_>>())?;
        map.end()
    }
}

const NO_STREAM: &str = "...........................................-0";
