//! Asking: which blobs are wanted, whose turn it is, and what peers answer.

use std::time::Duration;

use super::frame::Frame;
use super::input::{Output, Terms};
use super::limits::{ACTIVE_MAX, ASKED_MAX, TURN, WANTED_MAX};
use super::listing::Listing;
use super::machine::Exchange;
use super::session::Session;
use super::want::{Hope, Place, Question, Source, Want};
use crate::blobs::BlobId;
use crate::event::NodeId;
use crate::sync::SessionId;

impl Exchange {
    /// This node wants a blob, or wants something else of it than before.
    pub(super) fn want(
        &mut self,
        blob: BlobId,
        terms: Terms,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let missing = terms.missing.as_ref();
        if missing.is_some_and(|(_, missing)| missing.is_empty()) {
            self.finish(blob, out);
            return out.push(Output::Done { blob });
        }
        if !self.wants.contains_key(&blob) && self.wants.len() == WANTED_MAX {
            return out.push(Output::Crowded { blob });
        }
        let number = self.next_number();
        let want = self.wants.entry(blob).or_insert_with(|| Want::new(number));
        self.active.remove(&want.place);
        self.open.remove(&want.place);
        self.waiting.remove(&want.place);
        if terms.is_full {
            want.pause.fail(now);
        }
        want.set(terms);
        let places = if want.is_active {
            &mut self.active
        } else {
            &mut self.waiting
        };
        places.insert(want.place, blob);
        self.reopen(blob);
        self.bar_liars(blob, now, out);
        self.take_turns(now, out);
        self.ask_more(blob, now, out);
        self.review(blob, now, out);
    }

    /// A wanted blob is no longer wanted, whether it is complete or not.
    pub(super) fn finish(&mut self, blob: BlobId, out: &mut Vec<Output>) {
        self.leave(blob, out);
        if let Some(want) = self.wants.remove(&blob) {
            self.active.remove(&want.place);
            self.open.remove(&want.place);
            self.waiting.remove(&want.place);
        }
    }

    /// Asks nobody for a blob any more.
    fn leave(&mut self, blob: BlobId, out: &mut Vec<Output>) {
        self.flying.retain(|(other, ..), _| *other != blob);
        let sources = self.wants.get_mut(&blob);
        let sources = sources.map(|want| std::mem::take(&mut want.sources));
        for id in sources.unwrap_or_default().into_keys() {
            if let Some(session) = self.sessions.get_mut(&id) {
                session.send(&Frame::Forget(blob), out);
            }
        }
    }

    /// Gives those a turn that wait for one, as far as there is room.
    pub(super) fn take_turns(&mut self, now: Duration, out: &mut Vec<Output>) {
        while let Some((place, blob)) = self.next_turn(now) {
            self.waiting.remove(&place);
            self.active.insert(place, blob);
            if let Some(want) = self.wants.get_mut(&blob) {
                want.is_active = true;
                want.idle_since = None;
            }
            self.ask_more(blob, now, out);
            self.review(blob, now, out);
        }
    }

    /// The next one that can have its turn, if one can.
    fn next_turn(&self, now: Duration) -> Option<(Place, BlobId)> {
        // If the first of them cannot, no other can. Usually there is no room even for that one.
        let (first, _) = self.waiting.first_key_value()?;
        if !self.has_room_for(*first) {
            return None;
        }
        let next = self.ready(now).next();
        next.filter(|(place, _)| self.has_room_for(*place))
    }

    /// Those that wait for a turn and could use it: what cannot be stored rests first.
    fn ready(&self, now: Duration) -> impl Iterator<Item = (Place, BlobId)> {
        let waiting = self.waiting.iter().map(|(place, blob)| (*place, *blob));
        waiting.filter(move |(_, blob)| {
            let want = self.wants.get(blob);
            want.is_some_and(|want| want.pause.is_over(now))
        })
    }

    /// Whether one more blob can have its turn. Those that readers wait for take no room from the
    /// others, up to what a peer may be asked for.
    fn has_room_for(&self, place: Place) -> bool {
        let start = Place {
            is_background: true,
            number: 0,
        };
        let background = || self.active.range(start..).count();
        self.active.len() < ASKED_MAX && !(place.is_background && background() >= ACTIVE_MAX)
    }

    /// Asks those who should have a blob and were not asked, or all others if there is reason to.
    fn ask_more(&mut self, blob: BlobId, now: Duration, out: &mut Vec<Output>) {
        let Some(want) = self.wants.get_mut(&blob).filter(|want| want.is_active) else {
            return;
        };
        let peers = || self.sessions.iter().map(|(id, session)| (*id, session));
        let is_held =
            |session: &Session| want.holders.contains(&session.peer) && !session.is_barred(blob);
        want.is_for_all |= want.is_large() || !peers().any(|(_, session)| is_held(session));
        let is_new =
            |id, session: &Session| want.is_to_ask(session.peer) && !want.sources.contains_key(&id);
        let new = peers().filter(|(id, session)| is_new(*id, session));
        let new: Vec<SessionId> = new.map(|(id, _)| id).collect();
        for id in new {
            self.ask(blob, id, None, now, out);
        }
    }

    /// There is a new peer: it is asked for what it may have.
    pub(super) fn ask_for_all(&mut self, now: Duration, out: &mut Vec<Output>) {
        let blobs: Vec<BlobId> = self.active.values().copied().collect();
        for blob in blobs {
            self.ask_more(blob, now, out);
        }
    }

    fn ask(
        &mut self,
        blob: BlobId,
        id: SessionId,
        question: Option<Question>,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let session = self.sessions.get_mut(&id);
        let session = session.filter(|session| !session.is_barred(blob));
        if let (Some(session), Some(want)) = (session, self.wants.get_mut(&blob)) {
            let question = question.unwrap_or_else(|| Question::Start(want.start()));
            let source = want.sources.entry(id).or_insert_with(|| Source::new(now));
            let from = source.ask(question, now);
            session.send(&Frame::Ask(blob, from), out);
        }
    }

    /// A peer says what it has of a blob. Nobody listens if it is not asked for any more.
    pub(super) fn hear(
        &mut self,
        id: SessionId,
        blob: BlobId,
        listing: Option<Listing>,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        let want = self.wants.get_mut(&blob);
        if let Some(source) = want.and_then(|want| want.sources.get_mut(&id)) {
            source.answer(listing);
            self.reopen(blob);
            self.bar_liars(blob, now, out);
            self.review(blob, now, out);
        }
    }

    /// Bars the peers that claim another size than the one that is proven.
    pub(super) fn bar_liars(&mut self, blob: BlobId, now: Duration, out: &mut Vec<Output>) {
        let liars = self.wants.get(&blob).map(Want::liars);
        for id in liars.unwrap_or_default() {
            if let Some(peer) = self.sessions.get(&id).map(|session| session.peer) {
                self.bar(id, peer, blob, now, out);
            }
        }
    }

    /// A peer lied about a blob: it is not asked for it any more, and gives back what it was.
    pub(super) fn bar(
        &mut self,
        id: SessionId,
        peer: NodeId,
        blob: BlobId,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        out.push(Output::Lied { peer, blob });
        if let Some(want) = self.wants.get_mut(&blob) {
            want.sources.remove(&id);
        }
        let is_theirs = |other: &BlobId, by: SessionId| *other == blob && by == id;
        self.flying
            .retain(|(other, ..), flown| !is_theirs(other, flown.session));
        if let Some(session) = self.sessions.get_mut(&id) {
            if session.bar(blob) {
                session.send(&Frame::Forget(blob), out);
            } else {
                self.close(id, "a peer lied about too many blobs", now, out);
            }
        }
        self.review(blob, now, out);
    }

    /// Looks whether anybody has what is missing of a blob. If nobody who should have it does,
    /// others are asked; if nobody at all, that is told.
    pub(super) fn review(&mut self, blob: BlobId, now: Duration, out: &mut Vec<Output>) {
        let Some(mut hope) = self.hope_for(blob, now) else {
            return;
        };
        if hope == Hope::None && self.begin_to_ask_all(blob) {
            self.ask_more(blob, now, out);
            hope = self.hope_for(blob, now).unwrap_or(hope);
        }
        let Some(want) = self.wants.get_mut(&blob) else {
            return;
        };
        if hope > Hope::None && want.pause.is_over(now) {
            want.idle_since = None;
        } else {
            want.idle_since.get_or_insert(now);
        }
        if hope > Hope::None {
            want.is_unavailable &= hope != Hope::Offered;
        } else if !want.is_unavailable {
            want.is_unavailable = true;
            out.push(Output::Unavailable { blob });
        }
    }

    /// Whether others than those who should have a blob can be asked from here on.
    fn begin_to_ask_all(&mut self, blob: BlobId) -> bool {
        let want = self.wants.get_mut(&blob);
        want.is_some_and(|want| !std::mem::replace(&mut want.is_for_all, true))
    }

    /// Asks peers from time to time to fetch a blob of which nobody has what is missing.
    fn seek(&mut self, blob: BlobId, now: Duration, out: &mut Vec<Output>) {
        let want = self.wants.get_mut(&blob);
        for id in want.map(|want| want.seek(now)).unwrap_or_default() {
            if let Some(session) = self.sessions.get_mut(&id) {
                session.send(&Frame::Seek(blob), out);
            }
        }
    }

    /// What is to be hoped for a blob that has its turn.
    fn hope_for(&self, blob: BlobId, now: Duration) -> Option<Hope> {
        let want = self.wants.get(&blob).filter(|want| want.is_active);
        want.map(|want| self.hope(blob, want, now))
    }

    fn hope(&self, blob: BlobId, want: &Want, now: Duration) -> Hope {
        if self.is_moving(blob) {
            return Hope::Offered;
        }
        // Who is late with all that it was asked for may offer what it likes.
        let hopes = want.sources.iter().map(|(id, source)| {
            let session = self.sessions.get(id);
            let is_stalled = session.is_none_or(Session::is_stalled);
            let hope = want.hope(source, now);
            let is_vain = is_stalled && hope == Hope::Offered;
            if is_vain { Hope::None } else { hope }
        });
        hopes.max().unwrap_or(Hope::None)
    }

    /// Asks those again who may have more by now, and passes the turn on.
    pub(super) fn ask_again(&mut self, now: Duration, out: &mut Vec<Output>) {
        let blobs: Vec<BlobId> = self.active.values().copied().collect();
        let next = self.ready(now).next();
        let is_read = next.is_some_and(|(place, _)| !place.is_background);
        let mut waiting = self.ready(now).take(blobs.len()).count();
        for blob in blobs {
            let Some(want) = self.wants.get_mut(&blob) else {
                continue;
            };
            let sources = want.sources.values_mut();
            sources.for_each(|source| source.expire(now));
            for (id, question) in want.due(now) {
                self.ask(blob, id, Some(question), now, out);
            }
            self.ask_more(blob, now, out);
            self.review(blob, now, out);
            self.seek(blob, now, out);
            if waiting > 0 && self.is_idle(blob, is_read, now) {
                self.pass_on(blob, out);
                waiting -= 1;
            }
        }
        self.take_turns(now, out);
    }

    /// Whether a blob has been of no use for so long that others may have its turn;
    /// `for_readers`: one that readers wait for. Only to such a one those give way that are read.
    fn is_idle(&self, blob: BlobId, for_readers: bool, now: Duration) -> bool {
        let want = self.wants.get(&blob);
        let want = want.filter(|want| want.place.is_background || for_readers);
        let since = want.and_then(|want| want.idle_since);
        since.is_some_and(|since| now >= since + TURN)
    }

    /// A blob lets others have its turn, and waits for the next one.
    fn pass_on(&mut self, blob: BlobId, out: &mut Vec<Output>) {
        self.leave(blob, out);
        let number = self.next_number();
        if let Some(want) = self.wants.get_mut(&blob) {
            self.active.remove(&want.place);
            self.open.remove(&want.place);
            want.is_active = false;
            want.place.number = number;
            self.waiting.insert(want.place, blob);
        }
    }
}
