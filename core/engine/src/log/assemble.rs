//! Assembling a commit group: from what callers publish to signed batches. Pure.
//!
//! Events are stamped in the order of the calls, so that lamports grow with offsets in every
//! stream. A batch is a run of one stream's events by one app; only the last batch of each stream
//! is signed, because the chain of hashes vouches for those before it.

use std::collections::BTreeMap;

use super::append::encode_group;
use super::heads::Heads;
use super::options::Route;
use super::publish::{Publish, Published};
use super::receive::{Received, receive};
use crate::error::{Error, Result};
use crate::event::batch::{BatchPlace, BodyBuilder};
use crate::event::{
    AppId, Batch, BatchHash, Content, EventKey, Incarnation, Lamport, NodeId, Offset, Run,
    RunBatch, Signer, StreamId, StreamName, StreamNumber, Tag, Timestamp,
};
use crate::limits::OWN_STREAMS_MAX;
use crate::segment::Floors;
use crate::select::EventView;

/// The batches of a group, in an order in which they can be applied, and each call's answer.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) batches: Vec<Batch>,
    pub(super) published: Vec<Vec<Published>>,
    pub(super) received: Vec<Received>,
    /// The floors of streams that begin with a received run.
    pub(super) floors: Floors,
    /// The encoded batches of received runs that are new, and how many they are.
    received_batches: (Vec<u8>, usize),
    /// The heads of the streams concerned, once the group is committed.
    pub(super) changed: Heads,
}

impl Group {
    /// Adds what is new in `runs`.
    pub(super) fn receive(
        &mut self,
        runs: &[Run],
        heads: &Heads,
        author: &Author<'_>,
    ) -> Result<()> {
        let (bytes, count) = &mut self.received_batches;
        let take = |run: &Run, new: &[RunBatch]| {
            let from = new[0].span.start;
            bytes.extend_from_slice(&run.bytes()[from..]);
            *count += new.len();
        };
        let is_own =
            |stream: StreamId| stream.node == author.own && author.incarnation.has(stream.number);
        (self.received, self.floors) = receive(runs, heads, is_own, &mut self.changed, take)?;
        Ok(())
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.received_batches.1 == 0
    }

    /// Number of events of ours in it.
    pub(super) fn published_events(&self) -> u64 {
        self.published.iter().map(|call| call.len() as u64).sum()
    }

    /// Number of its events that were received.
    pub(super) fn received_events(&self) -> u64 {
        self.received.iter().map(|one| one.events()).sum()
    }

    /// The heads of streams of which something was received.
    pub(super) fn received_heads(&self, runs: &[Run]) -> Heads {
        let mut heads = Heads::default();
        for (run, received) in runs.iter().zip(&self.received) {
            let head = self.changed.head(run.stream());
            if let (Received::Taken(_), Some(head)) = (received, head) {
                heads.restore(run.stream(), head.clone());
            }
        }
        heads
    }

    /// All batches as the payload of one frame: own ones first.
    pub(super) fn encode(&self) -> Vec<u8> {
        let (received, count) = &self.received_batches;
        encode_group(&self.batches, received, *count)
    }
}

/// Turns `requests` into the next batches after `heads`.
pub(super) fn assemble(
    requests: &[Publish],
    heads: &Heads,
    author: &Author<'_>,
    now: Timestamp,
) -> Result<Group> {
    let mut assembly = Assembly::new(heads, author);
    for request in requests {
        let answer = request.events().iter().enumerate().map(|(index, event)| {
            assembly.push(request, event, request.timestamp(index).unwrap_or(now))
        });
        let answer = answer.collect::<Result<Vec<_>>>()?;
        assembly.published.push(answer);
    }
    assembly.finish()
}

/// Who publishes, and where events go.
pub(super) struct Author<'a> {
    pub(super) signer: &'a dyn Signer,
    pub(super) own: NodeId,
    pub(super) incarnation: Incarnation,
    pub(super) routes: &'a [Route],
}

struct Assembly<'a> {
    author: &'a Author<'a>,
    heads: &'a Heads,
    changed: Heads,
    open: BTreeMap<StreamName, OpenBatch>,
    batches: Vec<Batch>,
    published: Vec<Vec<Published>>,
}

struct OpenBatch {
    place: BatchPlace,
    first_lamport: Lamport,
    app_id: AppId,
    body: BodyBuilder,
}

impl<'a> Assembly<'a> {
    fn new(heads: &'a Heads, author: &'a Author<'a>) -> Self {
        let mut changed = Heads::default();
        changed.observe(heads.lamport());
        Self {
            author,
            heads,
            changed,
            open: BTreeMap::new(),
            batches: Vec::new(),
            published: Vec::new(),
        }
    }

    fn push(&mut self, request: &Publish, event: &Content, at: Timestamp) -> Result<Published> {
        let name = self.route(request.app_id(), event);
        let lamport = self.changed.lamport().advanced(1)?;
        self.open_batch(&name, request.app_id(), lamport)?;
        self.changed.observe(lamport);
        let batch = self.open.get_mut(&name).expect("it was just opened");
        let offset = batch
            .place
            .first_offset
            .advanced(u64::from(batch.body.count()))?;
        batch.body.push(lamport, at, event.as_bytes());
        let key = EventKey {
            lamport,
            stream: batch.place.stream,
            offset,
        };
        Ok(Published { key, timestamp: at })
    }

    /// Makes sure that the open batch of stream `name` is one of `app_id`; a new one will begin
    /// with `first_lamport`.
    fn open_batch(
        &mut self,
        name: &StreamName,
        app_id: &AppId,
        first_lamport: Lamport,
    ) -> Result<()> {
        match self.open.get(name) {
            Some(open) if open.app_id == *app_id => return Ok(()),
            Some(_) => self.close_batch(name)?,
            None => {}
        }
        let place = self.place(name)?;
        let open = OpenBatch {
            place,
            first_lamport,
            app_id: app_id.clone(),
            body: BodyBuilder::new(),
        };
        self.open.insert(name.clone(), open);
        Ok(())
    }

    /// Where the next batch of stream `name` goes; a new stream gets a number of its own.
    fn place(&self, name: &StreamName) -> Result<BatchPlace> {
        let (own, incarnation) = (self.author.own, self.author.incarnation);
        let heads = [&self.changed, self.heads];
        for heads in heads {
            if let Some(place) = heads.place(own, incarnation, name)? {
                return Ok(place);
            }
        }
        let begun = heads.map(|heads| heads.last_own_number(own, incarnation));
        let open = self.open.values().map(|open| open.place.stream.number);
        let last = begun.into_iter().chain(open).max();
        let index = last.map_or(0, |last| last.get() % OWN_STREAMS_MAX) + 1;
        let number = if *name == StreamName::default_name() {
            incarnation.stream(0)
        } else if index < OWN_STREAMS_MAX {
            incarnation.stream(index)
        } else {
            return Err(Error::invalid("too many streams").with("limit", OWN_STREAMS_MAX));
        };
        Ok(BatchPlace {
            stream: StreamId::new(own, number),
            name: name.clone(),
            first_offset: Offset::ZERO,
            previous: BatchHash::GENESIS,
        })
    }

    fn close_batch(&mut self, name: &StreamName) -> Result<()> {
        if let Some(open) = self.open.remove(name) {
            let batch = open.body.finish(open.place, open.app_id);
            if let Some(head) = self.heads.head(batch.header.stream)
                && self.changed.head(batch.header.stream).is_none()
            {
                self.changed.restore(batch.header.stream, head.clone());
            }
            self.changed.extend(&batch.header, open.first_lamport)?;
            self.batches.push(batch);
        }
        Ok(())
    }

    fn route(&self, app_id: &AppId, event: &Content) -> StreamName {
        if self.author.routes.is_empty() {
            return StreamName::default_name();
        }
        let view = UnstampedView { app_id, event };
        let route = self
            .author
            .routes
            .iter()
            .find(|route| route.selection.matches(&view, self.author.own));
        route.map_or_else(StreamName::default_name, |route| route.into.clone())
    }

    fn finish(mut self) -> Result<Group> {
        let names: Vec<StreamName> = self.open.keys().cloned().collect();
        for name in names {
            self.close_batch(&name)?;
            let last = self.batches.last_mut().expect("a batch was just closed");
            last.signature = Some(last.header.hash().signed_by(self.author.signer));
        }
        Ok(Group {
            batches: self.batches,
            published: self.published,
            changed: self.changed,
            ..Group::default()
        })
    }
}

/// An event before it has a key: only its app and tags can be asked for.
struct UnstampedView<'a> {
    app_id: &'a AppId,
    event: &'a Content,
}

impl EventView for UnstampedView<'_> {
    fn key(&self) -> EventKey {
        EventKey {
            lamport: Lamport::ZERO,
            stream: StreamId::new(NodeId::from_bytes([0; 32]), StreamNumber::DEFAULT),
            offset: Offset::ZERO,
        }
    }

    fn timestamp(&self) -> Timestamp {
        Timestamp::MIN
    }

    fn is_of_app(&self, app_id: &AppId) -> bool {
        self.app_id == app_id
    }

    fn has_tag(&self, tag: &Tag) -> bool {
        self.event.tags().contains(tag.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{DeviceKey, Payload, Tags};
    use crate::select::Selection;

    fn request(app: &str, tags: &[&str]) -> Publish {
        let payload = Payload::from_serde(&1).unwrap();
        let contents = tags
            .iter()
            .map(|tag| Content::new(&Tags::new([*tag]).unwrap(), &payload));
        Publish::new(AppId::new(app).unwrap(), contents.collect()).unwrap()
    }

    fn route(tag: &str, into: &str) -> Route {
        let selection = Selection::Tag(Tag::new(tag).unwrap());
        Route {
            selection,
            into: StreamName::new(into).unwrap(),
        }
    }

    fn assembled(requests: &[Publish], routes: &[Route]) -> Group {
        assembled_as(Incarnation::FIRST, requests, routes)
    }

    fn assembled_as(incarnation: Incarnation, requests: &[Publish], routes: &[Route]) -> Group {
        let signer = DeviceKey::from_seed(&[1; 32]);
        let author = Author {
            signer: &signer,
            own: signer.node_id(),
            incarnation,
            routes,
        };
        assemble(
            requests,
            &Heads::default(),
            &author,
            Timestamp::from_micros(5),
        )
        .unwrap()
    }

    #[test]
    fn one_call_over_three_streams_is_one_group_in_the_callers_order() {
        let routes = [route("a", "one"), route("b", "two")];
        let group = assembled(&[request("x", &["a", "c", "b", "a"])], &routes);
        let keys: Vec<_> = group.published[0]
            .iter()
            .map(|event| {
                let key = event.key;
                (key.lamport.get(), key.stream.number.get(), key.offset.get())
            })
            .collect();
        assert_eq!(keys, [(1, 1, 0), (2, 0, 0), (3, 2, 0), (4, 1, 1)]);
        assert!(group.batches.iter().all(|batch| batch.signature.is_some()));
    }

    #[test]
    fn an_incarnation_has_streams_of_its_own() {
        let own = Incarnation::new(5).unwrap();
        let group = assembled_as(own, &[request("x", &["a", "c"])], &[route("a", "one")]);
        let keys = group.published[0].iter().map(|event| event.key);
        let numbers: Vec<u64> = keys.map(|key| key.stream.number.get()).collect();
        assert_eq!(numbers, [5 * 1024 + 1, 5 * 1024]);
    }

    #[test]
    fn what_is_published_again_keeps_its_time() {
        let times = [9, 3].map(Timestamp::from_micros);
        let request = request("x", &["a", "b"]).stamped(times.to_vec());
        let group = assembled(&[request], &[]);
        let stamped = group.published[0].iter().map(|event| event.timestamp);
        assert_eq!(stamped.collect::<Vec<_>>(), times);
    }

    #[test]
    fn apps_share_a_stream_in_order_and_only_the_last_batch_is_signed() {
        let group = assembled(
            &[
                request("x", &["1", "2"]),
                request("y", &["3"]),
                request("x", &["4"]),
            ],
            &[],
        );
        let batches: Vec<_> = group
            .batches
            .iter()
            .map(|batch| {
                (
                    batch.header.app_id.as_str(),
                    batch.header.count,
                    batch.signature,
                )
            })
            .collect();
        assert!(matches!(
            batches[..],
            [("x", 2, None), ("y", 1, None), ("x", 1, Some(_))]
        ));
        assert_eq!(
            group.batches[1].header.previous,
            group.batches[0].header.hash()
        );
    }
}
