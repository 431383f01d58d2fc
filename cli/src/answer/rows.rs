//! Events and results as rows.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use swarmlet::json::{payload_of, text_of};
use swarmlet::{EventKey, Offsets, Origin, Payload, Row, Timestamp};

use crate::failure::{Failure, Result};

/// A result of a query. What does not come from one event lacks its fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventRow {
    #[serde(flatten)]
    key: Option<KeyRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
    /// Whether it came out before, and is no longer true.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    taken_back: bool,
    payload: Box<RawValue>,
}

/// Where an event is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyRow {
    lamport: u64,
    stream: String,
    offset: u64,
}

/// What became of an event that was published.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PublishedRow {
    #[serde(flatten)]
    key: KeyRow,
    timestamp: i64,
}

impl EventRow {
    pub(super) fn of(row: &Row, taken_back: bool) -> Result<Self> {
        let payload = json(&row.payload())?;
        let nothing = Self {
            key: None,
            timestamp: None,
            app_id: None,
            tags: None,
            taken_back,
            payload,
        };
        let Origin::Event(event) = row.origin() else {
            return Ok(nothing);
        };
        Ok(Self {
            key: Some(event.key.into()),
            timestamp: Some(event.timestamp.micros()),
            app_id: Some(event.app_id.to_string()),
            tags: Some(event.tags().iter().map(ToOwned::to_owned).collect()),
            ..nothing
        })
    }
}

impl EventRow {
    /// The payload, as JSON.
    pub(super) fn payload(&self) -> &RawValue {
        &self.payload
    }
}

impl From<EventKey> for KeyRow {
    fn from(key: EventKey) -> Self {
        Self {
            lamport: key.lamport.get(),
            stream: key.stream.to_string(),
            offset: key.offset.get(),
        }
    }
}

impl PublishedRow {
    pub(super) fn new(key: EventKey, timestamp: Timestamp) -> Self {
        Self {
            key: key.into(),
            timestamp: timestamp.micros(),
        }
    }
}

/// A payload as JSON; what JSON does not know is written as near to it as possible.
pub(super) fn json(payload: &Payload) -> Result<Box<RawValue>> {
    let text = text_of(payload)?;
    RawValue::from_string(text).map_err(|error| {
        let message = format!("a payload gives no JSON: {error}");
        Failure::new(swarmlet::ErrorKind::Internal, message)
    })
}

/// The payload of a JSON text.
pub(super) fn payload(json: &RawValue) -> Result<Payload> {
    Ok(payload_of(json.get().as_bytes())?)
}

/// Offsets as a JSON object.
pub(super) fn offsets(offsets: &Offsets) -> BTreeMap<String, u64> {
    let entries = offsets.iter();
    entries
        .map(|(stream, offset)| (stream.to_string(), offset.get()))
        .collect()
}
