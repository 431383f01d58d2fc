//! One wanted blob: what is missing of it, what readers wait for, and what peers say they have.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use super::input::Terms;
use super::limits::{
    ASK_PATIENCE, ASK_PERIOD, FIRST_MAX, FOR_ALL_PIECES, LISTINGS_MAX, PIECES_MAX, REFUSED_PAUSE,
    REFUSED_PAUSE_MAX, STORE_PAUSE, STORE_PAUSE_MAX,
};
use super::listing::Listing;
use super::pause::Pause;
use crate::blobs::limits::PIECE_BYTES;
use crate::blobs::{BlobSize, Piece, PieceSet};
use crate::event::NodeId;
use crate::sync::SessionId;

/// A blob that this node wants.
#[derive(Debug)]
pub(super) struct Want {
    /// Its place among those that wait for a turn, or have one.
    pub(super) place: Place,
    /// Whether it has its turn: peers are asked for it.
    pub(super) is_active: bool,
    pub(super) known: Option<Known>,
    /// The pieces that readers wait for, the most urgent first.
    pub(super) first: Vec<Range<u32>>,
    /// Who should have it; others are asked when there is reason to.
    pub(super) holders: BTreeSet<NodeId>,
    pub(super) is_for_all: bool,
    /// Whether only peers want it.
    pub(super) is_for_peers: bool,
    /// The peers that were asked.
    pub(super) sources: BTreeMap<SessionId, Source>,
    /// After a piece could not be stored: nothing is fetched until this is over.
    pub(super) pause: Pause,
    /// Since when nobody has anything of what is missing, as far as is known, or it cannot be
    /// stored.
    pub(super) idle_since: Option<Duration>,
    /// Whether it was told that nobody has it.
    pub(super) is_unavailable: bool,
    /// When, in the order of fetches, a piece for a reader was fetched last.
    pub(super) fed: u64,
}

/// Blobs that readers wait for come first, then the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) is_background: bool,
    pub(super) number: u64,
}

/// What there is to fetch of a blob whose size is proven.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) size: BlobSize,
    pub(super) missing: PieceSet,
}

/// What one peer says about a blob.
#[derive(Debug)]
pub(super) struct Source {
    asked: Duration,
    /// Whether it has not answered, and is waited for.
    is_waiting: bool,
    /// When it is asked again, if it has nothing that is missing.
    again: Duration,
    /// After a refusal: it is not asked for anything until this is over.
    pause: Pause,
    listing: Option<Listing>,
    /// Where the listing that it was asked for last begins, and how many were asked for one after
    /// the other, without a piece or a pause in between.
    from: u32,
    listings: u32,
    /// The last piece that was sought at it, and in which range of readers.
    sought: Option<(usize, u32)>,
    /// Whether that left out pieces that it may have, and it was not asked for them since.
    is_ahead: bool,
    /// When it was asked last to fetch the blob.
    sought_by: Option<Duration>,
}

/// From which piece on a peer is asked for what it has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question {
    /// From the first one that is missing.
    Start(u32),
    /// From where its answer ended.
    Rest(u32),
    /// From one that readers wait for, in this one of their ranges, or that proves the size.
    Sought(usize, u32),
}

/// What is to be hoped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hope {
    /// Nobody has anything of it.
    None,
    /// Somebody has not answered yet.
    Waiting,
    /// Somebody has something of it.
    Offered,
}

impl Want {
    pub(super) fn new(number: u64) -> Self {
        let place = Place {
            is_background: true,
            number,
        };
        Self {
            place,
            is_active: false,
            known: None,
            first: Vec::new(),
            holders: BTreeSet::new(),
            is_for_all: false,
            is_for_peers: false,
            sources: BTreeMap::new(),
            pause: Pause::new(STORE_PAUSE, STORE_PAUSE_MAX),
            idle_since: None,
            is_unavailable: false,
            fed: 0,
        }
    }

    /// What is said of it replaces what was said before.
    pub(super) fn set(&mut self, terms: Terms) {
        self.put_first(&terms.first);
        self.holders = terms.holders;
        self.is_for_all |= self.holders.is_empty();
        self.is_for_peers = terms.is_for_peers;
        if let Some((size, missing)) = terms.missing {
            self.known = Some(Known { size, missing });
        }
    }

    /// Readers wait for these bytes, and for no others.
    fn put_first(&mut self, first: &[Range<u64>]) {
        let piece = |number: u64| number.min(u64::from(PIECES_MAX)) as u32;
        let pieces = |range: &Range<u64>| {
            piece(range.start / PIECE_BYTES)..piece(range.end.div_ceil(PIECE_BYTES))
        };
        let ranges = first.iter().filter(|range| !range.is_empty());
        let first = ranges.take(FIRST_MAX).map(pieces).collect();
        if self.first != first {
            self.sources.values_mut().for_each(Source::seek_anew);
        }
        self.first = first;
        self.place.is_background = self.first.is_empty();
    }

    /// Whether a peer is to be asked for it.
    pub(super) fn is_to_ask(&self, peer: NodeId) -> bool {
        self.is_for_all || self.holders.contains(&peer)
    }

    /// Whether others than those who should have it are worth asking: there is much to fetch.
    pub(super) fn is_large(&self) -> bool {
        self.missing()
            .is_some_and(|missing| missing >= FOR_ALL_PIECES)
    }

    /// How many pieces are missing, where that is known.
    pub(super) fn missing(&self) -> Option<u32> {
        self.known.as_ref().map(|known| known.missing.len())
    }

    /// Whether `piece` would be new, and prove the size or fit it.
    pub(super) fn needs(&self, size: BlobSize, piece: Piece) -> bool {
        match &self.known {
            Some(known) => known.size == size && known.missing.contains(piece),
            None => piece == size.last_piece(),
        }
    }

    /// Peers that say another size than the one that is proven.
    pub(super) fn liars(&self) -> Vec<SessionId> {
        let Some(size) = self.known.as_ref().map(|known| known.size) else {
            return Vec::new();
        };
        let is_other = |listing: &Listing| listing.size() != size;
        let sources = self.sources.iter();
        let liars = sources.filter(|(_, source)| source.listing.as_ref().is_some_and(is_other));
        liars.map(|(session, _)| *session).collect()
    }

    /// The peers that are to be asked now to fetch it: those that have answered, if nobody has what
    /// is missing.
    pub(super) fn seek(&mut self, now: Duration) -> Vec<SessionId> {
        if !self.is_unavailable || self.is_for_peers {
            return Vec::new();
        }
        let is_due = |source: &Source| {
            let is_due = source.sought_by.is_none_or(|last| now >= last + ASK_PERIOD);
            let has_it = || {
                source
                    .listing
                    .as_ref()
                    .is_some_and(|it| self.misses_some_of(it))
            };
            is_due && !source.is_waiting && !source.has_refused(now) && !has_it()
        };
        let due = self.sources.iter().filter(|(_, source)| is_due(source));
        let due: Vec<SessionId> = due.map(|(id, _)| *id).collect();
        for id in &due {
            if let Some(source) = self.sources.get_mut(id) {
                source.sought_by = Some(now);
            }
        }
        due
    }

    /// Whether `listing` has something that is missing.
    fn misses_some_of(&self, listing: &Listing) -> bool {
        let Some(known) = &self.known else {
            return listing.has(listing.size().last_piece());
        };
        let mut ranges = listing.within(&(0..PIECES_MAX));
        known.size == listing.size() && ranges.any(|range| known.missing.first_in(range).is_some())
    }

    /// Whether a source has something that is missing, and can be asked for it.
    fn is_offered(&self, source: &Source, now: Duration) -> bool {
        let listing = source.listing.as_ref().filter(|_| source.is_usable(now));
        listing.is_some_and(|listing| self.misses_some_of(listing))
    }

    /// What is to be hoped from one source.
    pub(super) fn hope(&self, source: &Source, now: Duration) -> Hope {
        if self.is_offered(source, now) {
            Hope::Offered
        } else if source.is_waiting || self.next_question(source, now).is_some() {
            Hope::Waiting
        } else {
            Hope::None
        }
    }

    /// The peers that are to be asked once more, and from which piece on.
    pub(super) fn due(&self, now: Duration) -> Vec<(SessionId, Question)> {
        let due = self.sources.iter().filter_map(|(session, source)| {
            let is_due = || now >= source.again && self.hope(source, now) == Hope::None;
            let again = || is_due().then(|| Question::Start(self.start()));
            let question = self.next_question(source, now).or_else(again);
            Some((*session, question?))
        });
        due.collect()
    }

    /// What is to be asked of a peer because it did not have room to tell all.
    fn next_question(&self, source: &Source, now: Duration) -> Option<Question> {
        if source.is_waiting || !source.is_usable(now) {
            return None;
        }
        let sought = self.sought(source, now);
        if sought.is_some() || self.is_offered(source, now) {
            return sought;
        }
        let start = || source.is_ahead.then(|| Question::Start(self.start()));
        source.rest().map(Question::Rest).or_else(start)
    }

    /// A piece that readers wait for and that a peer may have, although it said nothing of it;
    /// while the size is not proven, the last one. Not before one that it was asked for already, so
    /// that it is not asked back and forth between readers; but once more when it is asked again
    /// for everything.
    fn sought(&self, source: &Source, now: Duration) -> Option<Question> {
        let listing = source.listing.as_ref()?;
        let is_anew = now >= source.again;
        if source.listings >= LISTINGS_MAX && !is_anew {
            return None;
        }
        let (from, until) = (source.from, listing.until());
        let Some(known) = &self.known else {
            let last = listing.size().last_piece();
            let is_told = listing.has(last) || (from..until).contains(&last.get());
            return (!is_told).then_some(Question::Sought(0, last.get()));
        };
        let asked = source.sought.filter(|_| !is_anew);
        for (index, range) in self.first.iter().enumerate() {
            let missing = |start, end| {
                let piece = known.missing.first_in(start..end).map(Piece::get);
                piece.filter(|piece| Some((index, *piece)) > asked)
            };
            let question = |piece| Some(Question::Sought(index, piece));
            if let Some(piece) = missing(range.start, range.end.min(from)) {
                return question(piece);
            }
            let mut offered = listing.within(range);
            if offered.any(|offered| known.missing.first_in(offered).is_some()) {
                return None;
            }
            if let Some(piece) = missing(range.start.max(until), range.end) {
                return question(piece);
            }
        }
        None
    }

    /// A piece to fetch from a peer that has it and was not asked for it; `is_taken` says which
    /// ones are fetched already. `for_readers`: one that readers wait for.
    pub(super) fn choose(
        &self,
        source: &Source,
        for_readers: bool,
        is_taken: impl Fn(BlobSize, Piece) -> bool,
    ) -> Option<(BlobSize, Piece)> {
        let listing = source.listing.as_ref()?;
        let size = listing.size();
        let Some(known) = &self.known else {
            let last = size.last_piece();
            let is_free = listing.has(last) && !is_taken(size, last);
            return is_free.then_some((size, last));
        };
        if known.size != size {
            return None;
        }
        let all = 0..PIECES_MAX;
        let all = std::slice::from_ref(&all);
        let wanted = if for_readers { &self.first } else { all };
        let mut ranges = wanted.iter().flat_map(|wanted| listing.within(wanted));
        let piece = ranges.find_map(|range| known.free(range, |piece| is_taken(size, piece)));
        piece.map(|piece| (size, piece))
    }

    /// The first piece that is missing, as far as is known.
    pub(super) fn start(&self) -> u32 {
        let known = self.known.as_ref();
        let first = known.and_then(|known| known.missing.first_in(0..PIECES_MAX));
        first.map_or(0, Piece::get)
    }
}

impl Known {
    /// The first piece in `range` that is missing and not taken.
    fn free(&self, mut range: Range<u32>, is_taken: impl Fn(Piece) -> bool) -> Option<Piece> {
        while let Some(piece) = self.missing.first_in(range.clone()) {
            if !is_taken(piece) {
                return Some(piece);
            }
            range.start = piece.get() + 1;
        }
        None
    }
}

impl Source {
    /// A peer that was not asked yet.
    pub(super) fn new(now: Duration) -> Self {
        Self {
            asked: now,
            is_waiting: false,
            again: now,
            pause: Pause::new(REFUSED_PAUSE, REFUSED_PAUSE_MAX),
            listing: None,
            from: 0,
            listings: 0,
            sought: None,
            is_ahead: false,
            sought_by: None,
        }
    }

    /// The peer is asked. Says from which piece on.
    pub(super) fn ask(&mut self, question: Question, now: Duration) -> u32 {
        if now >= self.again {
            self.listings = 0;
        }
        self.listings += 1;
        let from = match question {
            Question::Start(from) => {
                self.is_ahead = false;
                from
            }
            Question::Rest(from) => from,
            Question::Sought(range, from) => {
                (self.sought, self.is_ahead) = (Some((range, from)), true);
                from
            }
        };
        self.from = from;
        self.asked = now;
        self.is_waiting = true;
        self.again = now + ASK_PERIOD;
        from
    }

    /// What is sought at it is no longer what it was.
    pub(super) fn seek_anew(&mut self) {
        self.sought = None;
        self.listings = 0;
    }

    /// From where on it is to be asked for more, if what it said is not all.
    fn rest(&self) -> Option<u32> {
        let rest = self.listing.as_ref().and_then(Listing::rest);
        rest.filter(|rest| *rest > self.from && self.listings < LISTINGS_MAX)
    }

    /// The peer has said what it has.
    pub(super) fn answer(&mut self, listing: Option<Listing>) {
        self.is_waiting = false;
        self.listing = listing;
    }

    /// The peer has refused a piece: what it said does not hold.
    pub(super) fn refuse(&mut self, now: Duration) {
        self.listing = None;
        self.pause.fail(now);
        self.again = self.pause.until();
    }

    /// Whether the peer has refused a piece not long ago.
    pub(super) fn has_refused(&self, now: Duration) -> bool {
        !self.pause.is_over(now)
    }

    /// The peer has sent a piece.
    pub(super) const fn give(&mut self) {
        self.pause.succeed();
        self.listings = 0;
    }

    /// Does not wait for an answer for ever.
    pub(super) fn expire(&mut self, now: Duration) {
        if now >= self.asked + ASK_PATIENCE {
            self.is_waiting = false;
        }
    }

    /// Whether pieces may be fetched from the peer now.
    pub(super) fn is_usable(&self, now: Duration) -> bool {
        self.listing.is_some() && !self.has_refused(now)
    }
}
