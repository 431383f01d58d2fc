//! Serving: what peers ask of this node, in turn, and never so much that live events wait.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::time::Duration;

use bytes::Bytes;

use super::frame::Frame;
use super::input::{Offer, Output};
use super::limits::{
    AHEAD_LOW, AHEAD_MAX, ASK_PERIOD, ASKED_MAX, ENCODES_MAX, FETCHES_MAX, HAVE_PERIOD,
    LOOKUPS_MAX, SOUGHT_PATIENCE, UNSENT_BYTES_MAX,
};
use super::listing::Listing;
use super::machine::Exchange;
use super::memory::Holding;
use crate::blobs::{BlobId, BlobSize, Piece};
use crate::sync::SessionId;

/// What one peer asks of this node.
#[derive(Debug, Default)]
pub(super) struct Serving {
    /// Blobs that the peer asked for, and is told of.
    watches: BTreeMap<BlobId, Watch>,
    /// Of these, the ones that are to be looked up, in order, and those that are being.
    to_look: VecDeque<BlobId>,
    looking: BTreeSet<BlobId>,
    /// Pieces that it asked for, in order, those that are being encoded, and those that are.
    fetches: VecDeque<(BlobId, Piece)>,
    encoding: BTreeSet<(BlobId, Piece)>,
    encoded: VecDeque<(BlobId, Piece, Bytes)>,
    /// How many may be encoded in this step.
    quota: usize,
    /// Bytes that wait on the link, as far as is known.
    unsent: usize,
}

/// A blob that a peer asked for.
#[derive(Debug)]
struct Watch {
    /// The piece from which on it wants to know.
    from: u32,
    /// The size, if the peer was told that there is something.
    size: Option<BlobSize>,
    /// When it was told, unless it is owed an answer.
    told: Option<Duration>,
    is_queued: bool,
    /// Whether there may be more than it was told.
    is_stale: bool,
    /// Whether the peer asks this node to fetch it.
    sought: Option<Sought>,
    /// Whether it may have no right to the blob any more: not looked up since that may have
    /// changed. It gets no piece until that is known.
    is_doubted: bool,
}

/// A peer asks this node to fetch a blob.
#[derive(Clone, Copy, Debug)]
struct Sought {
    /// When it said so last.
    asked: Duration,
    /// When this node was told last.
    told: Option<Duration>,
}

impl Watch {
    fn is_due(&self, now: Duration) -> bool {
        self.told.is_none_or(|told| now >= told + HAVE_PERIOD)
    }
}

impl Serving {
    /// So many bytes of a frame were given to the link.
    pub(super) fn queued(&mut self, bytes: usize) {
        self.unsent = self.unsent.saturating_add(bytes);
    }

    fn ask(&mut self, blob: BlobId, from: u32) -> Result<(), &'static str> {
        if !self.watches.contains_key(&blob) && self.watches.len() == ASKED_MAX {
            return Err("a peer asks for too many blobs");
        }
        let watch = self.watches.entry(blob).or_insert(Watch {
            from,
            size: None,
            told: None,
            is_queued: false,
            is_stale: false,
            sought: None,
            is_doubted: true,
        });
        watch.from = from;
        self.owe(blob);
        Ok(())
    }

    /// The peer asks this node to fetch a blob, if it has asked for it.
    fn note_sought(&mut self, blob: BlobId, now: Duration) {
        if let Some(watch) = self.watches.get_mut(&blob) {
            let told = watch.sought.and_then(|sought| sought.told);
            watch.sought = Some(Sought { asked: now, told });
        }
    }

    /// The blobs that the peer asks this node to fetch, of which it is to be told now.
    fn newly_sought(&mut self, now: Duration) -> Vec<BlobId> {
        let due = self.watches.iter_mut().filter_map(|(blob, watch)| {
            let sought = watch.sought.as_mut()?;
            let is_due = sought.told.is_none_or(|told| now >= told + ASK_PERIOD);
            is_due.then(|| {
                sought.told = Some(now);
                *blob
            })
        });
        due.collect()
    }

    /// The blobs that the peer has not asked for again for so long that it does not any more.
    fn no_longer_sought(&mut self, now: Duration) -> Vec<BlobId> {
        let mut lapsed = Vec::new();
        for (blob, watch) in &mut self.watches {
            let is_over = |sought: &mut Sought| now >= sought.asked + SOUGHT_PATIENCE;
            let over = watch.sought.take_if(is_over);
            lapsed.extend(over.and_then(|sought| sought.told).map(|_| *blob));
        }
        lapsed
    }

    /// The blobs that the peer asks this node to fetch, and of which it was told.
    pub(super) fn sought(&self) -> Vec<BlobId> {
        let blobs = self.watches.keys().copied();
        blobs.filter(|blob| self.seeks(*blob)).collect()
    }

    fn seeks(&self, blob: BlobId) -> bool {
        let sought = self.watches.get(&blob).and_then(|watch| watch.sought);
        sought.is_some_and(|sought| sought.told.is_some())
    }

    /// The peer asks for a piece; says whether it may get it.
    fn fetch(&mut self, blob: BlobId, size: BlobSize, piece: Piece) -> Result<bool, &'static str> {
        let key = (blob, piece);
        if self.awaited().any(|awaited| awaited == key) {
            return Err("a peer asks twice for a piece");
        }
        if self.fetches.len() + self.ahead() == FETCHES_MAX {
            return Err("a peer asks for too many pieces");
        }
        let is_offered = self.offers(blob) == Some(size);
        if is_offered {
            self.fetches.push_back(key);
        }
        Ok(is_offered)
    }

    /// The peer is no longer interested in a blob. The pieces that are refused for it.
    fn forget(&mut self, blob: BlobId) -> Vec<Piece> {
        self.watches.remove(&blob);
        self.to_look.retain(|other| *other != blob);
        self.refuse(blob)
    }

    /// The pieces of a blob that wait, and need not any more. One that is being encoded is refused
    /// when that is done.
    fn refuse(&mut self, blob: BlobId) -> Vec<Piece> {
        let encoded = self
            .encoded
            .iter()
            .map(|(other, piece, _)| (*other, *piece));
        let waiting = encoded.chain(self.fetches.iter().copied());
        let refused = waiting.filter(|(other, _)| *other == blob);
        let refused = refused.map(|(_, piece)| piece).collect();
        self.encoded.retain(|(other, ..)| *other != blob);
        self.fetches.retain(|(other, _)| *other != blob);
        refused
    }

    /// The pieces that the peer waits for.
    fn awaited(&self) -> impl Iterator<Item = (BlobId, Piece)> {
        let encoded = self.encoded.iter().map(|(blob, piece, _)| (*blob, *piece));
        let others = self.encoding.iter().chain(&self.fetches).copied();
        encoded.chain(others)
    }

    /// How many of them are encoded, or being encoded.
    fn ahead(&self) -> usize {
        self.encoding.len() + self.encoded.len()
    }

    /// The size that the peer was told for a blob.
    fn offers(&self, blob: BlobId) -> Option<BlobSize> {
        self.watches.get(&blob)?.size
    }

    /// There may be more of a blob. The peer is told, but not all the time.
    fn gain(&mut self, blob: BlobId, now: Duration) {
        if let Some(watch) = self.watches.get_mut(&blob) {
            watch.is_stale = true;
            if watch.is_due(now) && !self.looking.contains(&blob) {
                self.owe(blob);
            }
        }
    }

    /// The peer may have other rights than before. What pieces wait for is looked up first.
    fn doubt(&mut self) {
        for watch in self.watches.values_mut() {
            watch.is_doubted = true;
        }
        let awaited = self.awaited().map(|(blob, _)| blob);
        let blobs: Vec<BlobId> = awaited.chain(self.watches.keys().copied()).collect();
        blobs.into_iter().for_each(|blob| self.look(blob));
    }

    /// Looks up what is stale, in time.
    fn freshen(&mut self, now: Duration) {
        let is_due = |blob: &BlobId, watch: &Watch| {
            watch.is_stale && watch.is_due(now) && !self.looking.contains(blob)
        };
        let due = self.watches.iter();
        let due = due.filter(|(blob, watch)| is_due(blob, watch));
        let due: Vec<BlobId> = due.map(|(blob, _)| *blob).collect();
        due.into_iter().for_each(|blob| self.owe(blob));
    }

    /// Looks up a blob, and tells the peer whatever comes of it.
    fn owe(&mut self, blob: BlobId) {
        if let Some(watch) = self.watches.get_mut(&blob) {
            watch.told = None;
            self.look(blob);
        }
    }

    fn look(&mut self, blob: BlobId) {
        if let Some(watch) = self.watches.get_mut(&blob)
            && !watch.is_queued
        {
            watch.is_queued = true;
            self.to_look.push_back(blob);
        }
    }

    /// The next blob to look up, or none for now.
    fn next_lookup(&mut self) -> Option<BlobId> {
        if self.looking.len() == LOOKUPS_MAX || self.unsent >= UNSENT_BYTES_MAX {
            return None;
        }
        let is_free = |blob: &BlobId| !self.looking.contains(blob);
        let at = self.to_look.iter().position(is_free)?;
        let blob = self.to_look.remove(at)?;
        let watch = self.watches.get_mut(&blob)?;
        watch.is_queued = false;
        watch.is_stale &= watch.told.is_some();
        self.looking.insert(blob);
        Some(blob)
    }

    /// What is here of a blob: what to tell the peer, if it still asks, and the pieces that are
    /// refused for it.
    fn offered(
        &mut self,
        blob: BlobId,
        offer: Option<&Offer>,
        now: Duration,
    ) -> (Option<Frame>, Vec<Piece>) {
        let is_answer = self.looking.remove(&blob);
        let Some(watch) = self.watches.get_mut(&blob) else {
            return (None, Vec::new());
        };
        // If it is to be looked up once more, this may be older than the doubt.
        let is_settled = is_answer && !watch.is_queued;
        if watch.is_doubted && !is_settled && offer.is_some() {
            return (None, Vec::new());
        }
        watch.is_doubted &= !is_settled;
        let before = watch.size;
        watch.size = offer.map(|offer| offer.size);
        let is_other = watch.size != before;
        let is_told = is_other || watch.told.is_none() || !is_answer;
        if is_told && !watch.is_queued {
            watch.told = Some(now);
        }
        let frame = is_told.then(|| match offer {
            Some(offer) => Frame::Have(blob, Listing::of(offer, watch.from)),
            None => Frame::Lack(blob),
        });
        let refused = is_other.then(|| self.refuse(blob));
        (frame, refused.unwrap_or_default())
    }

    /// A piece was encoded, or could not be; says whether it is refused.
    fn take(&mut self, blob: BlobId, piece: Piece, bytes: Option<Bytes>) -> bool {
        if !self.encoding.remove(&(blob, piece)) {
            return false;
        }
        let bytes = bytes.filter(|_| self.offers(blob).is_some());
        let is_refused = bytes.is_none();
        self.encoded.extend(bytes.map(|bytes| (blob, piece, bytes)));
        is_refused
    }

    /// The next piece for the link, or none for now.
    fn next_piece(&mut self) -> Option<Frame> {
        if self.unsent >= UNSENT_BYTES_MAX {
            return None;
        }
        let mut encoded = self.encoded.iter();
        let at = encoded.position(|(blob, ..)| !self.is_doubted(*blob))?;
        let (blob, piece, bytes) = self.encoded.remove(at)?;
        Some(Frame::Piece(blob, piece, bytes))
    }

    /// The next piece to encode, or none for now.
    fn next_fetch(&self) -> Option<usize> {
        let mut fetches = self.fetches.iter().take_while(|_| self.quota > 0);
        fetches.position(|(blob, _)| !self.is_doubted(*blob))
    }

    /// Whether it is not known now whether the peer may have a blob. Its pieces wait.
    fn is_doubted(&self, blob: BlobId) -> bool {
        self.watches.get(&blob).is_some_and(|it| it.is_doubted)
    }

    /// Begins a step.
    fn allot(&mut self) {
        let ahead = self.ahead();
        self.quota = if ahead <= AHEAD_LOW {
            AHEAD_MAX - ahead
        } else {
            0
        };
    }

    /// Adds what is held for the peer.
    pub(super) fn add_to(&self, held: Holding) -> Holding {
        Holding {
            watches: held.watches + self.watches.len(),
            lookups: held.lookups + self.looking.len(),
            fetches: held.fetches + self.fetches.len() + self.ahead(),
            encoding: held.encoding + self.encoding.len(),
            encoded: held.encoded + self.encoded.len(),
            ..held
        }
    }
}

impl Exchange {
    pub(super) fn asked(
        &mut self,
        id: SessionId,
        blob: BlobId,
        from: u32,
    ) -> Result<(), &'static str> {
        let session = self.sessions.get_mut(&id);
        session.map_or(Ok(()), |session| session.serving.ask(blob, from))
    }

    /// A peer that has asked for a blob asks this node to fetch it.
    pub(super) fn sought(&mut self, id: SessionId, blob: BlobId, now: Duration) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.serving.note_sought(blob, now);
        }
    }

    /// Tells of what peers ask this node to fetch, from time to time, and when none does any more.
    pub(super) fn tell_sought(&mut self, now: Duration, out: &mut Vec<Output>) {
        let mut over = Vec::new();
        for session in self.sessions.values_mut() {
            let peer = session.peer;
            over.extend(session.serving.no_longer_sought(now));
            let new = session.serving.newly_sought(now).into_iter();
            out.extend(new.map(|blob| Output::Sought { peer, blob }));
        }
        self.unseek(over, out);
    }

    /// A peer asks no longer that these are fetched; tells of those for which nobody does.
    pub(super) fn unseek(&self, blobs: Vec<BlobId>, out: &mut Vec<Output>) {
        let is_sought = |blob| self.sessions.values().any(|it| it.serving.seeks(blob));
        let over = blobs.into_iter().filter(|blob| !is_sought(*blob));
        out.extend(over.map(|blob| Output::Unsought { blob }));
    }

    pub(super) fn forgotten(&mut self, id: SessionId, blob: BlobId, out: &mut Vec<Output>) {
        let mut sought = Vec::new();
        if let Some(session) = self.sessions.get_mut(&id) {
            sought.extend(session.serving.seeks(blob).then_some(blob));
            for piece in session.serving.forget(blob) {
                session.send(&Frame::Refuse(blob, piece), out);
            }
        }
        self.unseek(sought, out);
    }

    pub(super) fn requested(
        &mut self,
        id: SessionId,
        (blob, size, piece): (BlobId, BlobSize, Piece),
        out: &mut Vec<Output>,
    ) -> Result<(), &'static str> {
        if let Some(session) = self.sessions.get_mut(&id)
            && !session.serving.fetch(blob, size, piece)?
        {
            session.send(&Frame::Refuse(blob, piece), out);
        }
        Ok(())
    }

    pub(super) fn offered(
        &mut self,
        id: SessionId,
        (blob, offer): (BlobId, Option<&Offer>),
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        if let Some(session) = self.sessions.get_mut(&id) {
            let (frame, refused) = session.serving.offered(blob, offer, now);
            for piece in refused {
                session.send(&Frame::Refuse(blob, piece), out);
            }
            if let Some(frame) = frame {
                session.send(&frame, out);
            }
        }
    }

    pub(super) fn encoded(
        &mut self,
        id: SessionId,
        (blob, piece): (BlobId, Piece),
        bytes: Option<Bytes>,
        out: &mut Vec<Output>,
    ) {
        if let Some(session) = self.sessions.get_mut(&id)
            && session.serving.take(blob, piece, bytes)
        {
            session.send(&Frame::Refuse(blob, piece), out);
        }
    }

    /// What peers may have has changed, perhaps.
    pub(super) fn rights_changed(&mut self) {
        let sessions = self.sessions.values_mut();
        sessions.for_each(|session| session.serving.doubt());
    }

    pub(super) fn sent(&mut self, id: SessionId, unsent: usize) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.serving.unsent = unsent;
        }
    }

    /// There is more of a blob.
    pub(super) fn gained(&mut self, blob: BlobId, now: Duration) {
        let sessions = self.sessions.values_mut();
        sessions.for_each(|session| session.serving.gain(blob, now));
    }

    /// Tells of what is new.
    pub(super) fn tell(&mut self, now: Duration) {
        let sessions = self.sessions.values_mut();
        sessions.for_each(|session| session.serving.freshen(now));
    }

    /// Looks up, sends and encodes what peers ask for, each of them in turn.
    pub(super) fn serve(&mut self, out: &mut Vec<Output>) {
        for (id, session) in &mut self.sessions {
            while let Some(blob) = session.serving.next_lookup() {
                out.push(Output::Lookup {
                    session: *id,
                    peer: session.peer,
                    blob,
                });
            }
            while let Some(frame) = session.serving.next_piece() {
                session.send(&frame, out);
            }
            session.serving.allot();
        }
        while let Some(id) = self.next_served() {
            self.served = Some(id);
            let session = self.sessions.get_mut(&id);
            let serving = session.map(|session| &mut session.serving);
            let Some(serving) = serving else { return };
            let at = serving.next_fetch();
            let Some((blob, piece)) = at.and_then(|at| serving.fetches.remove(at)) else {
                return;
            };
            serving.quota -= 1;
            serving.encoding.insert((blob, piece));
            out.push(Output::Encode {
                session: id,
                blob,
                piece,
            });
        }
    }

    /// The peer whose turn it is.
    fn next_served(&self) -> Option<SessionId> {
        let sessions = self.sessions.values();
        let encoding: usize = sessions.map(|session| session.serving.encoding.len()).sum();
        if encoding >= ENCODES_MAX {
            return None;
        }
        let start = self.served.map_or(Bound::Unbounded, Bound::Excluded);
        let after = self.sessions.range((start, Bound::Unbounded));
        let mut in_turn = after.chain(&self.sessions);
        let next = in_turn.find(|(_, session)| session.serving.next_fetch().is_some());
        next.map(|(id, _)| *id)
    }
}
