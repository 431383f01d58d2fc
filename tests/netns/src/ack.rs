//! One event as the two sides speak of it: where it is, and what makes it equal to another.

use serde::{Deserialize, Serialize};
use swarmlet::{AppId, Event, EventKey, NewEvent};
use swarmlet_engine::event::Content;

/// An event that was acknowledged, or that is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Ack {
    pub(crate) stream: String,
    pub(crate) offset: u64,
    pub(crate) lamport: u64,
    /// BLAKE3 over app id, tags and payload, shortened.
    pub(crate) hash: u64,
}

impl Ack {
    /// What is reported of `key` with this content.
    pub(crate) fn new(key: EventKey, hash: u64) -> Self {
        Self {
            stream: key.stream.to_string(),
            offset: key.offset.get(),
            lamport: key.lamport.get(),
            hash,
        }
    }

    /// The same of an event that was read.
    pub(crate) fn of(event: &Event) -> Self {
        let hash = content_hash(&event.app_id, event.content());
        Self::new(event.key, hash)
    }
}

/// The hash of an event that is about to be published.
pub(crate) fn hash_of(app_id: &AppId, event: &NewEvent) -> u64 {
    content_hash(app_id, &Content::new(&event.tags, &event.payload))
}

fn content_hash(app_id: &AppId, content: &Content) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(app_id.as_str().as_bytes())
        .update(&[0])
        .update(content.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(first)
}
