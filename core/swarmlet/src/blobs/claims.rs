//! Claims: what the log says of one blob, and what follows for this device.
//!
//! Whoever is in doubt keeps the blob: records that are too many to be read keep it, and so do
//! those of a later version.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use swarmlet_engine::Result;
use swarmlet_engine::blobs::{BlobDeletion, BlobId, BlobRecord, Hold, Keep, copy_holders};
use swarmlet_engine::event::{Event, EventKey, NodeId, StreamId, StreamName, Tag, Tags};
use swarmlet_engine::log::{LogReader, Order, Query};
use swarmlet_engine::select::Selection;

use super::rights::Rights;
use crate::limits::{BLOB_RECORDS_LOOKS_MAX, BLOB_RECORDS_PER_LOOK, CHUNK_BYTES_MAX};
use crate::state::State;

/// Reads claims.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    pub(super) state: Arc<State>,
    pub(super) rights: Arc<dyn Rights>,
}

/// How a blob stands on this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// This device is to hold it, or has stored it.
    Held,
    /// A record tells of it, and others hold it.
    Spare,
    /// No record tells of it: it has not come, or retention has dropped it.
    Unknown,
    /// No record keeps it any more.
    Over,
    /// All records were taken back.
    Deleted,
}

/// One look at some blobs or at all of them. What is found of collections, which many files share,
/// is looked for once.
pub(super) struct Look<'a> {
    judge: &'a Judge,
    has: &'a dyn Fn(&BlobRecord) -> bool,
    complete: RefCell<BTreeMap<BlobId, bool>>,
    over: RefCell<BTreeMap<BlobId, bool>>,
}

/// All that the log says of one blob.
#[derive(Debug)]
pub(super) struct Claims {
    claims: Vec<Claim>,
    /// Whether there was too much to read all of it.
    is_cut: bool,
}

/// A record, and what became of it.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) record: BlobRecord,
    pub(super) event: Event,
    name: StreamName,
    is_deleted: bool,
}

impl Judge {
    /// What the log says of a blob.
    pub(super) fn claims(&self, id: BlobId) -> Result<Claims> {
        let log = self.state.log()?;
        let of_it = |tag: &str| Ok(vec![Tag::new(tag)?, BlobRecord::tag_of(id)]);
        let mut claims = Vec::new();
        let mut take = |event: Event| {
            let record = BlobRecord::of(&event).filter(|record| record.id == id);
            let name = log.name(event.key.stream);
            if let (Some(record), Some(name)) = (record, name) {
                claims.push(Claim::new(record, event, name));
            }
        };
        let is_cut = !read_all(&log, of_it(BlobRecord::TAG)?, &mut take)?;
        let mut take_back = |event: Event| {
            if let Some(deletion) = BlobDeletion::of(&event).filter(|said| said.id == id) {
                let by = event.key.stream.node;
                for claim in claims.iter_mut() {
                    claim.is_deleted |= self.is_taken_back(claim, by, &deletion);
                }
            }
        };
        let is_cut = !read_all(&log, of_it(BlobDeletion::TAG)?, &mut take_back)? || is_cut;
        Ok(Claims { claims, is_cut })
    }

    /// Whether an event refers to a blob that tells nothing else of it. If there are too many to
    /// look at, one of them will.
    fn is_referenced(&self, id: BlobId) -> Result<bool> {
        let log = self.state.log()?;
        let mut is_referenced = false;
        let mut look = |event: Event| {
            let is_own = BlobRecord::of(&event).is_some() || BlobDeletion::of(&event).is_some();
            is_referenced |= !is_own;
        };
        let has_read_all = read_all(&log, vec![BlobRecord::tag_of(id)], &mut look)?;
        Ok(is_referenced || !has_read_all)
    }

    /// Whether a record of a blob is in a stream that a peer may read.
    pub(super) fn may_have(&self, peer: NodeId, id: BlobId) -> Result<bool> {
        let claims = self.claims(id)?;
        let opens = |claim: &Claim| {
            let is_own = claim.author() == peer;
            !claim.is_deleted && (is_own || self.rights.may_read(peer, &claim.name))
        };
        Ok(claims.claims.iter().any(opens))
    }

    /// The members that should have a blob, by what its records say; none if that may be anybody.
    pub(super) fn holders(&self, id: BlobId) -> Result<BTreeSet<NodeId>> {
        let mut holders = BTreeSet::new();
        for claim in self.claims(id)?.live() {
            if claim.record.hold == Hold::Everyone {
                return Ok(BTreeSet::new());
            }
            holders.insert(claim.author());
            holders.extend(self.asked(&claim.record, claim.author(), &claim.name));
        }
        Ok(holders)
    }

    /// Whether the record with this key was not taken back.
    pub(super) fn is_live(&self, id: BlobId, key: EventKey) -> Result<bool> {
        let claims = self.claims(id)?;
        Ok(claims.is_cut || claims.live().any(|claim| claim.event.key == key))
    }

    /// Whether a record asks this device to hold the blob, in the stream where it is.
    pub(super) fn asks_for(&self, record: &BlobRecord, stream: StreamId) -> Result<bool> {
        let log = self.state.log()?;
        let name = log.name(stream);
        Ok(name.is_some_and(|name| self.holds(record, stream.node, &name)))
    }

    /// Whether this device may take a record back.
    pub(super) fn may_delete(&self, claim: &Claim) -> bool {
        let own = self.state.id;
        claim.author() == own || self.rights.may_delete(own, &claim.name)
    }

    fn names_this(&self, claim: &Claim) -> bool {
        self.holds(&claim.record, claim.author(), &claim.name)
    }

    fn holds(&self, record: &BlobRecord, author: NodeId, name: &StreamName) -> bool {
        match &record.hold {
            Hold::Everyone => true,
            Hold::OnDemand => false,
            Hold::Labels(wanted) => has_labels(&self.rights.labels(self.state.id), wanted),
            Hold::Copies(_) => self.asked(record, author, name).contains(&self.state.id),
        }
    }

    /// The members that a record asks to hold the blob, its author left out; of one that asks
    /// everybody, or nobody, none.
    fn asked(&self, record: &BlobRecord, author: NodeId, name: &StreamName) -> BTreeSet<NodeId> {
        let readers = || {
            let readers = self.rights.readers(name).into_iter();
            readers.filter(|node| *node != author)
        };
        match &record.hold {
            Hold::Everyone | Hold::OnDemand => BTreeSet::new(),
            Hold::Labels(wanted) => readers()
                .filter(|node| has_labels(&self.rights.labels(*node), wanted))
                .collect(),
            // The files of a collection are where that is.
            Hold::Copies(copies) => {
                let blob = record.of.unwrap_or(record.id);
                copy_holders(blob, *copies, readers()).into_iter().collect()
            }
        }
    }

    /// Whether a deletion by this author takes the record back.
    fn is_taken_back(&self, claim: &Claim, by: NodeId, deletion: &BlobDeletion) -> bool {
        let is_entitled = || by == claim.author() || self.rights.may_delete(by, &claim.name);
        deletion.records.contains(&claim.event.key) && is_entitled()
    }

    /// The newest record that puts a blob in the place of this one and was not taken back, and its
    /// author.
    fn next_of(&self, claim: &Claim) -> Result<Option<(BlobRecord, NodeId)>> {
        let Some(tags) = claim.record.tags_of_next() else {
            return Ok(None);
        };
        let log = self.state.log()?;
        let all = tags.iter().chain([BlobRecord::TAG]).map(Tag::new);
        let mut cursor = log.query(&with_tags(all.collect::<Result<_>>()?, Order::Descending))?;
        for _ in 0..BLOB_RECORDS_LOOKS_MAX {
            let events = cursor.next_chunk(BLOB_RECORDS_PER_LOOK, CHUNK_BYTES_MAX)?;
            if events.is_empty() {
                break;
            }
            for event in events {
                if event.key <= claim.event.key {
                    return Ok(None);
                }
                let is_here = log.name(event.key.stream).as_ref() == Some(&claim.name);
                let record = BlobRecord::of(&event).filter(|record| record.of.is_none());
                if let Some(record) = record.filter(|_| is_here)
                    && self.is_live(record.id, event.key)?
                {
                    return Ok(Some((record, event.key.stream.node)));
                }
            }
        }
        Ok(None)
    }
}

impl<'a> Look<'a> {
    /// Looks at blobs, where `has` says whether all of another one is here.
    pub(super) fn new(judge: &'a Judge, has: &'a dyn Fn(&BlobRecord) -> bool) -> Self {
        Self {
            judge,
            has,
            complete: RefCell::default(),
            over: RefCell::default(),
        }
    }

    /// How a blob stands at this time.
    pub(super) fn standing(&self, id: BlobId) -> Result<Standing> {
        let claims = self.judge.claims(id)?;
        if claims.is_cut {
            return Ok(Standing::Held);
        }
        if claims.claims.is_empty() {
            return Ok(Standing::Unknown);
        }
        let mut standing = Standing::Deleted;
        for claim in claims.live() {
            if self.is_over(claim)? {
                standing = match standing {
                    Standing::Deleted => Standing::Over,
                    other => other,
                };
            } else if claim.author() == self.judge.state.id || self.judge.names_this(claim) {
                return Ok(Standing::Held);
            } else {
                standing = Standing::Spare;
            }
        }
        Ok(standing)
    }

    /// Whether what a record says how long the blob is kept has come to pass.
    fn is_over(&self, claim: &Claim) -> Result<bool> {
        if let Some(collection) = claim.record.of {
            return self.is_collection_over(collection);
        }
        match &claim.record.keep {
            Keep::Forever => Ok(false),
            Keep::Until(until) => Ok(self.judge.state.clock.now() > *until),
            Keep::WhileReferenced => Ok(!self.judge.is_referenced(claim.record.id)?),
            Keep::UntilNext(_) => {
                let Some((next, author)) = self.judge.next_of(claim)? else {
                    return Ok(false);
                };
                // The last version that is here stays until the next one is, where it is to be.
                Ok(!self.judge.holds(&next, author, &claim.name) || self.is_complete(&next))
            }
        }
    }

    /// Whether there were records of a collection, and none keeps it any more.
    fn is_collection_over(&self, id: BlobId) -> Result<bool> {
        if let Some(is_over) = self.over.borrow().get(&id) {
            return Ok(*is_over);
        }
        let claims = self.judge.claims(id)?;
        let mut is_over = !claims.is_cut && !claims.claims.is_empty();
        for claim in claims.live().filter(|claim| claim.record.of.is_none()) {
            is_over = is_over && self.is_over(claim)?;
        }
        self.over.borrow_mut().insert(id, is_over);
        Ok(is_over)
    }

    fn is_complete(&self, record: &BlobRecord) -> bool {
        if let Some(is_complete) = self.complete.borrow().get(&record.id) {
            return *is_complete;
        }
        let is_complete = (self.has)(record);
        self.complete.borrow_mut().insert(record.id, is_complete);
        is_complete
    }
}

impl Claims {
    /// The records that were not taken back, in the order of their keys.
    pub(super) fn live(&self) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(|claim| !claim.is_deleted)
    }
}

impl Claim {
    fn new(record: BlobRecord, event: Event, name: StreamName) -> Self {
        Self {
            record,
            event,
            name,
            is_deleted: false,
        }
    }

    /// The tags of the record.
    pub(super) fn tags(&self) -> Tags {
        self.event.tags()
    }

    fn author(&self) -> NodeId {
        self.event.key.stream.node
    }
}

fn has_labels(labels: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    let mut wanted = wanted.iter();
    wanted.all(|(key, value)| labels.get(key) == Some(value))
}

fn with_tags(tags: Vec<Tag>, order: Order) -> Query {
    Query {
        selection: Selection::And(tags.into_iter().map(Selection::Tag).collect()),
        lower: Default::default(),
        upper: None,
        order,
    }
}

/// Reads the events with all of these tags, a bounded number of them; says whether these were all.
fn read_all(log: &LogReader, tags: Vec<Tag>, take: &mut dyn FnMut(Event)) -> Result<bool> {
    let mut cursor = log.query(&with_tags(tags, Order::Ascending))?;
    for _ in 0..BLOB_RECORDS_LOOKS_MAX {
        let events = cursor.next_chunk(BLOB_RECORDS_PER_LOOK, CHUNK_BYTES_MAX)?;
        if events.is_empty() {
            return Ok(true);
        }
        events.into_iter().for_each(&mut *take);
    }
    Ok(false)
}
