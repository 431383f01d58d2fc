//! One acknowledged event as a line of text, from the child to the parent.

use swarmlet::{Event, EventKey};

/// An event that was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ack {
    pub(crate) stream: u64,
    pub(crate) offset: u64,
    pub(crate) lamport: u64,
    /// BLAKE3 over app id, tags and payload, shortened.
    pub(crate) hash: u64,
}

impl Ack {
    /// What is reported of `key` with this content.
    pub(crate) fn new(key: EventKey, hash: u64) -> Self {
        Self {
            stream: key.stream.number.get(),
            offset: key.offset.get(),
            lamport: key.lamport.get(),
            hash,
        }
    }

    /// The same of an event that was read.
    pub(crate) fn of(event: &Event) -> Self {
        let hash = content_hash(event.app_id.as_str(), event.content().as_bytes());
        Self::new(event.key, hash)
    }

    /// Appends the line.
    pub(crate) fn write(&self, out: &mut String) {
        let Self {
            stream,
            offset,
            lamport,
            hash,
        } = self;
        out.push_str(&format!("{stream} {offset} {lamport} {hash:x};"));
    }

    /// Reads one part of a line.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let ack = Self {
            stream: parts.next()?.parse().ok()?,
            offset: parts.next()?.parse().ok()?,
            lamport: parts.next()?.parse().ok()?,
            hash: u64::from_str_radix(parts.next()?, 16).ok()?,
        };
        parts.next().is_none().then_some(ack)
    }
}

/// What makes events of equal content equal.
pub(crate) fn content_hash(app_id: &str, content: &[u8]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(app_id.as_bytes())
        .update(&[0])
        .update(content);
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(first)
}
