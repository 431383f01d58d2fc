//! Heads: what each stream's next batch must continue.
//!
//! The one gate that local batches, remote batches and the bytes found at a restart pass: a batch
//! is taken if it continues its stream exactly, and not otherwise.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::event::batch::BatchPlace;
use crate::event::{
    BatchHash, BatchHeader, Incarnation, Lamport, NodeId, Offset, Offsets, StreamId, StreamName,
    StreamNumber,
};
use crate::limits::OWN_STREAMS_MAX;
use crate::segment::Floor;

/// The newest batch of a stream.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) name: StreamName,
    pub(super) last: Offset,
    pub(super) hash: BatchHash,
    pub(super) lamport: Lamport,
}

/// The heads of all streams, and the largest lamport seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Heads {
    streams: BTreeMap<StreamId, Head>,
    lamport: Lamport,
}

impl Heads {
    /// The largest lamport seen.
    pub(super) fn lamport(&self) -> Lamport {
        self.lamport
    }

    /// The newest batch of `stream`.
    pub(super) fn head(&self, stream: StreamId) -> Option<&Head> {
        self.streams.get(&stream)
    }

    /// The last offset of each stream.
    pub(super) fn offsets(&self) -> Offsets {
        self.streams
            .iter()
            .map(|(stream, head)| (*stream, head.last))
            .collect()
    }

    /// Moves the clock to at least `lamport`.
    pub(super) fn observe(&mut self, lamport: Lamport) {
        self.lamport = self.lamport.max(lamport);
    }

    /// Sets a head without asking what was before it.
    pub(super) fn restore(&mut self, stream: StreamId, head: Head) {
        self.observe(head.lamport);
        self.streams.insert(stream, head);
    }

    /// Takes `header`, whose first event has `first_lamport`, as the next batch of its stream, or
    /// says why it cannot be. A batch that says the name of its stream may come with a gap before
    /// it: the stream begins there then, and that is its floor.
    pub(super) fn extend(
        &mut self,
        header: &BatchHeader,
        first_lamport: Lamport,
    ) -> Result<Option<Floor>> {
        let refused = |why: &'static str| {
            Err(Error::corrupt(why)
                .with("stream", header.stream)
                .with("offset", header.first_offset))
        };
        let before = self.streams.get(&header.stream);
        let next = before.map_or(0, |head| head.last.get() + 1);
        let begins = header.name.is_some() && header.first_offset.get() > next;
        let name = match (before, &header.name) {
            (Some(head), name) => {
                if header.first_offset.get() != next && !begins {
                    return refused("a batch does not begin where its stream ends");
                }
                if header.previous != head.hash && !begins {
                    return refused("a batch does not continue the chain of its stream");
                }
                if first_lamport <= head.lamport {
                    return refused("lamports of a stream do not grow");
                }
                if name.as_ref().is_some_and(|name| *name != head.name) {
                    return refused("a batch gives its stream another name");
                }
                head.name.clone()
            }
            (None, Some(name)) => name.clone(),
            (None, None) => return refused("the first batch of a stream is missing"),
        };
        let head = Head {
            name,
            last: header.last_offset(),
            hash: header.hash(),
            lamport: header.lamport,
        };
        self.restore(header.stream, head);
        Ok(begins.then_some(Floor {
            first: header.first_offset,
            previous: header.previous,
        }))
    }

    /// Where the next batch of our stream called `name` goes, if that stream has begun.
    pub(super) fn place(
        &self,
        own: NodeId,
        incarnation: Incarnation,
        name: &StreamName,
    ) -> Result<Option<BatchPlace>> {
        let mut own_streams = self.streams.range(own_range(own, incarnation));
        let Some((stream, head)) = own_streams.find(|(_, head)| head.name == *name) else {
            return Ok(None);
        };
        Ok(Some(BatchPlace {
            stream: *stream,
            name: name.clone(),
            first_offset: head.last.advanced(1)?,
            previous: head.hash,
        }))
    }

    /// The largest number among our streams, that of the default stream if there is none.
    pub(super) fn last_own_number(&self, own: NodeId, incarnation: Incarnation) -> StreamNumber {
        let mut own_streams = self.streams.range(own_range(own, incarnation));
        let last = own_streams.next_back();
        last.map_or(incarnation.stream(0), |(stream, _)| stream.number)
    }

    /// Takes over the streams that `changed` has.
    pub(super) fn absorb(&mut self, changed: &Self) {
        self.observe(changed.lamport);
        for (stream, head) in changed.iter() {
            self.streams.insert(stream, head.clone());
        }
    }

    /// Each stream with its head, in stream order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (StreamId, &Head)> {
        self.streams.iter().map(|(stream, head)| (*stream, head))
    }
}

fn own_range(own: NodeId, incarnation: Incarnation) -> std::ops::RangeInclusive<StreamId> {
    let stream = |index| StreamId::new(own, incarnation.stream(index));
    stream(0)..=stream(OWN_STREAMS_MAX - 1)
}
