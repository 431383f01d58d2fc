//! The events that a query brings itself: `PRAGMA events`.
//!
//! One JSON object a line: `payload`, and possibly `tags`, `appId`, `timestamp` (microseconds since
//! 1970) or `time` (ISO). The query sees these events and no others; for trying queries out.

use serde::Deserialize;
use swarmlet_aql::parse_time;
use swarmlet_engine::event::{
    AppId, Content, Event, EventKey, Lamport, Offset, Payload, StreamId, Tags, Timestamp,
};
use swarmlet_engine::{Error, ErrorKind, Result};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    payload: serde_json::Value,
    #[serde(default)]
    tags: Vec<String>,
    app_id: Option<String>,
    timestamp: Option<i64>,
    time: Option<String>,
}

/// What a line that does not say otherwise means.
pub(super) struct Defaults<'a> {
    pub(super) app_id: &'a AppId,
    pub(super) now: Timestamp,
    /// The stream that the events seem to be in.
    pub(super) stream: StreamId,
}

/// The events of all lines, in their order.
pub(super) fn events(text: &str, defaults: &Defaults<'_>) -> Result<Vec<Event>> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let numbered = lines.enumerate().map(|(index, line)| {
        event(line, index as u64, defaults).map_err(|error| {
            let message = format!("PRAGMA events cannot be understood: {}", error.message());
            Error::new(ErrorKind::InvalidQuery, message).with("event", index + 1)
        })
    });
    numbered.collect()
}

fn event(line: &str, index: u64, defaults: &Defaults<'_>) -> Result<Event> {
    let line: Line =
        serde_json::from_str(line).map_err(|error| Error::invalid(error.to_string()))?;
    let time = line.time.as_deref().map(|text| {
        parse_time(text).ok_or_else(|| Error::invalid(format!("there is no such time as {text}")))
    });
    let time = time.transpose()?.or(line.timestamp);
    let tags = Tags::new(line.tags.iter().map(String::as_str))?;
    let key = EventKey {
        lamport: Lamport::new(index + 1)?,
        stream: defaults.stream,
        offset: Offset::new(index)?,
    };
    let app_id = line.app_id.map(|app_id| AppId::new(&app_id)).transpose()?;
    Ok(Event::new(
        key,
        time.map_or(defaults.now, Timestamp::from_micros),
        app_id.unwrap_or_else(|| defaults.app_id.clone()),
        Content::new(&tags, &Payload::from_serde(&line.payload)?),
    ))
}
