//! One suite over all stores: they do the same with the same events.

use super::{Candidate, STORES};
use crate::event::{Event, Pool, event, machine_tag};
use crate::rate::{Load, measure};
use serde_json::Value;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

fn queryable() -> impl Iterator<Item = &'static Candidate> {
    STORES.iter().filter(|candidate| candidate.is_queryable)
}

#[test]
fn every_store_finds_the_same_events_after_reopening() {
    let events: Vec<Event> = (0..2_000).map(event).collect();
    let tag = machine_tag(3);
    let expected: Vec<(u64, Value)> = events
        .iter()
        .filter(|event| *event.tags[0] == *tag)
        .map(|event| (event.lamport, Value::clone(&event.document)))
        .collect();
    for candidate in queryable() {
        let folder = tempfile::tempdir().unwrap();
        let store = (candidate.open)(folder.path()).unwrap();
        events
            .chunks(300)
            .for_each(|chunk| store.append(chunk).unwrap());
        drop(store);
        let store = (candidate.open)(folder.path()).unwrap();
        let mut found = Vec::new();
        let mut visit = |hit: super::Hit<'_>| {
            found.push((hit.lamport, document(hit.payload)));
        };
        store.query_tag(&tag, &mut visit).unwrap();
        assert_eq!(found, expected, "{}", candidate.name);
    }
}

/// What a payload says, whether the store keeps the JSON it was given or encodes the value itself.
fn document(payload: &[u8]) -> Value {
    serde_json::from_slice(payload).unwrap_or_else(|_| {
        let cbor = swarmlet::Payload::from_cbor(payload.to_vec()).unwrap();
        cbor.to_serde().unwrap()
    })
}

#[test]
fn every_store_takes_events_from_many_threads() {
    let load = Load {
        in_flight: 8,
        batch: 3,
        duration: Duration::from_millis(50),
    };
    for candidate in STORES {
        let folder = tempfile::tempdir().unwrap();
        let store = (candidate.open)(folder.path()).unwrap();
        let next = AtomicU64::new(0);
        let rate = measure(&*store, load, &Pool::new(), &next).unwrap();
        assert!(rate > 0.0, "{}", candidate.name);
    }
}
