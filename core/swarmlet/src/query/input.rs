//! Events of the log as the query language sees them.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use swarmlet_aql::{self as aql, EventInput, Value};
use swarmlet_engine::event::{Event, StreamId, Tags};

use super::value;

/// One event; its payload is decoded when a query first looks at it.
#[derive(Debug)]
pub(super) struct LoggedEvent {
    event: Event,
    stream: aql::StreamId,
    tags: Tags,
    payload: OnceLock<Value>,
}

/// Makes events visible to the language; keeps the texts of stream ids, which are always the same.
#[derive(Debug, Default)]
pub(super) struct Inputs(HashMap<StreamId, aql::StreamId>);

impl Inputs {
    pub(super) fn of(&mut self, event: Event) -> Arc<LoggedEvent> {
        let id = event.key.stream;
        let stream = self.0.entry(id).or_insert_with(|| stream(id)).clone();
        Arc::new(LoggedEvent {
            tags: event.tags(),
            event,
            stream,
            payload: OnceLock::new(),
        })
    }
}

pub(super) fn stream(id: StreamId) -> aql::StreamId {
    let text = id.node.to_string();
    aql::StreamId::new(&text, id.number.get()).expect("both have the same form of node ids")
}

impl LoggedEvent {
    pub(super) fn event(&self) -> &Event {
        &self.event
    }

    /// Whether the value is the payload as it is in the log, so that the payload can stand for it.
    pub(super) fn is_payload(&self, value: &Value) -> bool {
        self.payload
            .get()
            .is_some_and(|payload| payload.is_same(value))
    }
}

impl EventInput for LoggedEvent {
    fn key(&self) -> aql::EventKey {
        aql::EventKey {
            lamport: self.event.key.lamport.get(),
            stream: self.stream.clone(),
            offset: self.event.key.offset.get(),
        }
    }

    fn time_us(&self) -> i64 {
        self.event.timestamp.micros()
    }

    fn tags(&self) -> Vec<&str> {
        self.tags.iter().collect()
    }

    fn app(&self) -> &str {
        self.event.app_id.as_str()
    }

    fn payload(&self) -> Value {
        let decoded = || value::decode(&self.event.payload());
        self.payload.get_or_init(decoded).clone()
    }
}
