//! `KEY`, `TIME`, `TAGS` and `APP`: the origin of a value as a value.

use super::event::EventKey;
use super::origin::{Origin, Traced};
use super::problem::Problem;
use crate::syntax::{KeyPoint, Metadata, StreamId};
use crate::value::{Value, ValueError};

/// Always an array: empty if there is no such thing, and for keys and times with two members if
/// the value comes from several events.
pub(super) fn evaluate(metadata: Metadata, traced: &Traced) -> Result<Traced, Problem> {
    let members = match metadata {
        Metadata::Key => keys(&traced.origin)?,
        Metadata::Time => times(&traced.origin),
        Metadata::Tags => match &traced.origin {
            Origin::Event(event) => event.tags().into_iter().map(Value::from).collect(),
            _ => Vec::new(),
        },
        Metadata::App => match &traced.origin {
            Origin::Event(event) => vec![Value::from(event.app())],
            _ => Vec::new(),
        },
    };
    Ok(Traced {
        value: Value::array(members)?,
        origin: traced.origin.clone(),
    })
}

fn keys(origin: &Origin) -> Result<Vec<Value>, ValueError> {
    match origin {
        Origin::Synthetic => Ok(Vec::new()),
        Origin::Event(event) => Ok(vec![key(&event.key())?]),
        Origin::Range(range) => Ok(vec![key(&range.from_key)?, key(&range.to_key)?]),
    }
}

fn times(origin: &Origin) -> Vec<Value> {
    match origin {
        Origin::Synthetic => Vec::new(),
        Origin::Event(event) => vec![Value::Timestamp(event.time_us())],
        Origin::Range(range) => vec![
            Value::Timestamp(range.from_time_us),
            Value::Timestamp(range.to_time_us),
        ],
    }
}

fn key(key: &EventKey) -> Result<Value, ValueError> {
    let [node, number] = stream(&key.stream);
    Value::array(vec![
        Value::from(key.lamport),
        node,
        number,
        Value::from(key.offset),
    ])
}

/// What `KEY(lamport/stream)` is: an array like that of a value, but without offset.
pub(super) fn key_point(point: &KeyPoint) -> Result<Value, ValueError> {
    let [node, number] = match &point.stream {
        Some(id) => stream(id),
        None => [Value::Bytes([0; 32].as_slice().into()), Value::from(0_u64)],
    };
    let key = Value::array(vec![Value::from(point.lamport), node, number])?;
    Value::array(vec![key])
}

fn stream(id: &StreamId) -> [Value; 2] {
    [
        Value::Bytes(id.node_bytes().as_slice().into()),
        Value::from(id.number()),
    ]
}
