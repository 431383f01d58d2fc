//! One session: what a peer has said, what it was told, and both directions of data.
//!
//! A session knows its peer and nothing of other sessions; which peer is asked for what is decided
//! above it, in `machine`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::forks::Search;
use super::frame::{Frame, HeadEntry, Hello};
use super::incoming::Incoming;
use super::input::{Output, SessionId};
use super::limits::{
    HEADS_PER_FRAME_MAX, HEADS_PERIOD, PING_PERIOD, RETRY, ROUND_TRIP_PERIOD, SILENCE_MAX,
    STREAMS_PER_PEER_MAX,
};
use super::outgoing::Outgoing;
use crate::event::codec::Malformed;
use crate::event::{NodeId, Offset, Run, StreamId, StreamName};

/// A session with one admitted peer.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) peer: NodeId,
    pub(super) hello: Option<Hello>,
    /// Whether the peer was told what is here, which is not before revocations are agreed on.
    pub(super) is_introduced: bool,
    /// Digest of the revocations in our own hello.
    pub(super) revocations: [u8; 32],
    pub(super) outgoing: Outgoing,
    pub(super) incoming: Incoming,
    /// How far the peer has streams.
    theirs: BTreeMap<StreamId, HeadEntry>,
    pub(super) has_all_heads: bool,
    /// Streams that it could not give, and until when it is not asked again.
    lacking: BTreeMap<StreamId, Duration>,
    /// Streams of which it did not give what it says it has: not until it says so once more.
    withheld: BTreeSet<StreamId>,
    /// Streams of which it has another branch than we.
    forked: BTreeSet<StreamId>,
    /// Streams of our own of which it has told since they were last held against ours, and when
    /// that was.
    pub(super) uncompared: BTreeSet<StreamId>,
    pub(super) compared: Duration,
    /// Streams of which it was asked to show something.
    pub(super) searches: BTreeMap<StreamId, Search>,
    /// Streams whose heads are to be announced.
    unannounced: BTreeSet<StreamId>,
    announced: Duration,
    sent_sequence: u32,
    received_sequence: u32,
    last_sent: Duration,
    last_heard: Duration,
    /// When a ping was last sent, and which one is unanswered since when.
    pinged: Duration,
    ping: Option<(u64, Duration)>,
    pub(super) round_trip: Option<Duration>,
    /// Since when this node lacks something that the peer has, and the other way round.
    pub(super) behind_since: Option<Duration>,
    pub(super) ahead_since: Option<Duration>,
    /// Since when the peer was asked to leave.
    pub(super) leaving_since: Option<Duration>,
}

impl Session {
    pub(super) fn new(id: SessionId, peer: NodeId, revocations: [u8; 32], now: Duration) -> Self {
        Self {
            id,
            peer,
            hello: None,
            is_introduced: false,
            revocations,
            outgoing: Outgoing::new(),
            incoming: Incoming::default(),
            theirs: BTreeMap::new(),
            has_all_heads: false,
            lacking: BTreeMap::new(),
            withheld: BTreeSet::new(),
            forked: BTreeSet::new(),
            uncompared: BTreeSet::new(),
            compared: now,
            searches: BTreeMap::new(),
            unannounced: BTreeSet::new(),
            announced: now,
            sent_sequence: 0,
            received_sequence: 0,
            last_sent: now,
            last_heard: now,
            pinged: now,
            ping: None,
            round_trip: None,
            behind_since: None,
            ahead_since: None,
            leaving_since: None,
        }
    }

    /// Sends a frame.
    pub(super) fn send(&mut self, frame: &Frame, now: Duration, out: &mut Vec<Output>) {
        let bytes = frame.encode(self.sent_sequence);
        self.sent_sequence = self.sent_sequence.wrapping_add(1);
        self.last_sent = now;
        self.outgoing.queued(bytes.len());
        out.push(Output::Send {
            session: self.id,
            frame: bytes,
        });
    }

    /// Reads the next frame of the peer.
    pub(super) fn decode(
        &mut self,
        bytes: &bytes::Bytes,
        now: Duration,
    ) -> Result<Frame, Malformed> {
        let frame = Frame::decode(bytes, self.received_sequence)?;
        self.received_sequence = self.received_sequence.wrapping_add(1);
        self.last_heard = now;
        let is_hello = matches!(frame, Frame::Hello(_));
        if is_hello == self.hello.is_some() {
            let what = "a session begins with one hello";
            return Err(Malformed { what, at: 0 });
        }
        Ok(frame)
    }

    /// Whether the peer wants to hold streams of this name.
    pub(super) fn holds(&self, name: &StreamName) -> bool {
        let hello = self.hello.as_ref();
        hello.is_some_and(|hello| hello.holds.iter().any(|pattern| pattern.matches(name)))
    }

    /// The peer says how far it has a stream, which goes on at `next` here.
    pub(super) fn hear(&mut self, entry: HeadEntry, next: Offset) -> Result<(), Malformed> {
        let is_new = !self.theirs.contains_key(&entry.stream);
        if is_new && self.theirs.len() == STREAMS_PER_PEER_MAX {
            let what = "a peer announces too many streams";
            return Err(Malformed { what, at: 0 });
        }
        let (stream, first, last) = (entry.stream, entry.first, entry.last);
        let before = self.theirs.insert(stream, entry);
        self.withheld.remove(&stream);
        let is_another_offer = |before: HeadEntry| {
            // What it could not give it does not offer any more.
            let begins_elsewhere = first > next && before.first != first;
            // It was given up because it had no more than we, and has more now.
            begins_elsewhere || before.last < next && next <= last
        };
        if before.is_some_and(is_another_offer) {
            self.lacking.remove(&stream);
        }
        Ok(())
    }

    /// The peer did not give `stream` from where it was asked for. What it has said of its head
    /// stays: it may have another branch, to be held against ours.
    pub(super) fn note_withheld(&mut self, stream: StreamId) {
        if self.theirs.contains_key(&stream) {
            self.withheld.insert(stream);
        }
    }

    /// Whether the peer did not give `stream`, and has not told of it since.
    pub(super) fn withholds(&self, stream: StreamId) -> bool {
        self.withheld.contains(&stream)
    }

    /// A run of the peer shows how far it has the stream at least.
    pub(super) fn infer(&mut self, run: &Run) {
        if let Some(entry) = self.theirs.get_mut(&run.stream())
            && entry.last <= run.last()
        {
            (entry.last, entry.hash) = (run.last(), run.hash());
        }
    }

    /// How many streams are remembered.
    pub(super) fn entries(&self) -> usize {
        let said = self.theirs.len() + self.lacking.len() + self.withheld.len();
        said + self.outgoing.entries() + self.incoming.entries()
    }

    /// How far the peer has `stream`.
    pub(super) fn their(&self, stream: StreamId) -> Option<&HeadEntry> {
        self.theirs.get(&stream)
    }

    /// Whether the peer, which wrote `stream` and has dropped its beginning, can give what follows
    /// ours now that it goes on at `next`, and could not when `before` was the last offset.
    pub(super) fn comes_within_reach(
        &self,
        stream: StreamId,
        before: Option<Offset>,
        next: u64,
    ) -> bool {
        let first = self.their(stream).map_or(0, |entry| entry.first.get());
        let before = before.map_or(0, |before| before.get() + 1);
        self.peer == stream.node && before < first && first <= next
    }

    /// How far the peer has all streams.
    pub(super) fn theirs(&self) -> impl Iterator<Item = &HeadEntry> {
        self.theirs.values()
    }

    /// The peer cannot give `stream` for a while.
    pub(super) fn lack(&mut self, stream: StreamId, now: Duration) {
        self.incoming.forget(stream);
        if self.theirs.contains_key(&stream) {
            self.lacking.insert(stream, now + RETRY);
        }
    }

    /// Whether `stream` can be asked for.
    pub(super) fn offers(&self, stream: StreamId) -> bool {
        let is_known = self.theirs.contains_key(&stream);
        let is_given = !self.lacking.contains_key(&stream) && !self.withholds(stream);
        is_known && is_given && !self.is_forked(stream)
    }

    /// The peer has another branch of `stream` than we, as was proven.
    pub(super) fn note_forked(&mut self, stream: StreamId) {
        self.forked.insert(stream);
    }

    /// Whether the peer has another branch of `stream`.
    pub(super) fn is_forked(&self, stream: StreamId) -> bool {
        self.forked.contains(&stream)
    }

    /// The streams that may be asked for again.
    pub(super) fn expire_lacking(&mut self, now: Duration) -> Vec<StreamId> {
        let is_over = |until: &Duration| *until <= now;
        let expired = self.lacking.iter().filter(|(_, until)| is_over(until));
        let expired: Vec<StreamId> = expired.map(|(stream, _)| *stream).collect();
        self.lacking.retain(|_, until| !is_over(until));
        expired
    }

    /// `stream` has grown.
    pub(super) fn note_grown(&mut self, stream: StreamId) {
        self.outgoing.grown(stream);
        self.note_unannounced(stream);
    }

    /// The head of `stream` is to be announced with the next ones.
    pub(super) fn note_unannounced(&mut self, stream: StreamId) {
        self.unannounced.insert(stream);
    }

    /// The streams to announce now, if it is time or one of them is new to the peer.
    pub(super) fn due_heads(&mut self, now: Duration, is_urgent: bool) -> Vec<StreamId> {
        let is_due = is_urgent || now >= self.announced + HEADS_PERIOD;
        if !is_due || self.unannounced.is_empty() {
            return Vec::new();
        }
        self.announced = now;
        std::mem::take(&mut self.unannounced).into_iter().collect()
    }

    /// Sends heads, as many frames as it takes.
    pub(super) fn send_heads(
        &mut self,
        entries: &[HeadEntry],
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        for entries in entries.chunks(HEADS_PER_FRAME_MAX) {
            self.send(&Frame::Heads(entries.to_vec()), now, out);
        }
    }

    /// Shows that we are alive, if nothing else did, and measures how long an answer takes.
    pub(super) fn ping_if_due(&mut self, now: Duration, out: &mut Vec<Output>) {
        let is_quiet = now >= self.last_sent + PING_PERIOD;
        if is_quiet || now >= self.pinged + ROUND_TRIP_PERIOD {
            self.pinged = now;
            let nonce = u64::from(self.sent_sequence);
            // An answer that takes longer than the next ping is waited for all the same.
            self.ping.get_or_insert((nonce, now));
            self.send(&Frame::Ping(nonce), now, out);
        }
    }

    /// The answer to a ping.
    pub(super) fn pong(&mut self, nonce: u64, now: Duration) {
        if let Some((expected, at)) = self.ping
            && expected == nonce
        {
            self.round_trip = Some(now.saturating_sub(at));
            self.ping = None;
        }
    }

    /// Whether nothing was heard for too long.
    pub(super) fn is_silent(&self, now: Duration) -> bool {
        now >= self.last_heard + SILENCE_MAX
    }
}
