//! What a peer wants from us: one cursor for each stream, and what goes out next.
//!
//! There is no queue of events: the log is the queue. A stream that is caught up is *live*, its
//! new runs go first and whole; a stream that is behind is *backlog*, sent run by run in pieces,
//! one run at a time, and only while there is more credit than live events may need.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::frame::{Chunk, Frame};
use super::limits::{
    CHUNK_BYTES_MAX, CREDIT_BYTES, CREDIT_LIVE_BYTES, QUEUED_BYTES_MAX, SHOWN_MAX,
    STREAMS_PER_PEER_MAX, UNSENT_BYTES_MAX,
};
use crate::error::Result;
use crate::event::codec::Malformed;
use crate::event::{Offset, StreamId};
use crate::log::{EncodedRun, LogReader};

/// The sending side of a session.
#[derive(Debug)]
pub(super) struct Outgoing {
    wanted: BTreeMap<StreamId, Cursor>,
    /// Live streams that have grown.
    ready: VecDeque<StreamId>,
    /// Streams that are behind; the first one is being sent.
    backlog: VecDeque<StreamId>,
    pending: Option<Pending>,
    /// Streams of which the peer wants to see what is at an offset.
    to_show: VecDeque<(StreamId, Offset)>,
    credit: u64,
    unsent: usize,
    /// Events that were sent and not counted yet.
    events_sent: u64,
}

/// How far a wanted stream was sent.
#[derive(Debug)]
struct Cursor {
    /// From where on it was wanted.
    from: Offset,
    next: Offset,
    is_live: bool,
    is_ready: bool,
}

/// A run of the backlog, sent up to `at`.
#[derive(Debug)]
struct Pending {
    stream: StreamId,
    bytes: Bytes,
    /// How far the peer has the stream then; not for a run that is only shown.
    last: Option<Offset>,
    at: usize,
}

impl Outgoing {
    pub(super) fn new() -> Self {
        Self {
            wanted: BTreeMap::new(),
            ready: VecDeque::new(),
            backlog: VecDeque::new(),
            pending: None,
            to_show: VecDeque::new(),
            credit: CREDIT_BYTES,
            unsent: 0,
            events_sent: 0,
        }
    }

    /// The peer wants `stream` from `next` on.
    pub(super) fn want(&mut self, stream: StreamId, next: Offset) -> Result<(), Malformed> {
        self.unwant(stream);
        if self.wanted.len() == STREAMS_PER_PEER_MAX {
            let what = "a peer wants too many streams";
            return Err(Malformed { what, at: 0 });
        }
        let cursor = Cursor {
            from: next,
            next,
            is_live: false,
            is_ready: false,
        };
        self.wanted.insert(stream, cursor);
        self.backlog.push_back(stream);
        Ok(())
    }

    /// The peer wants to see what is at `at` of `stream`; says whether it will be answered.
    pub(super) fn show(&mut self, stream: StreamId, at: Offset) -> bool {
        let is_asked = self.to_show.contains(&(stream, at));
        let has_room = self.to_show.len() < SHOWN_MAX;
        if has_room && !is_asked {
            self.to_show.push_back((stream, at));
        }
        has_room || is_asked
    }

    /// The peer does not want `stream` any more.
    pub(super) fn unwant(&mut self, stream: StreamId) {
        if self.wanted.remove(&stream).is_some() {
            self.ready.retain(|other| *other != stream);
            self.backlog.retain(|other| *other != stream);
            if self
                .pending
                .as_ref()
                .is_some_and(|run| run.stream == stream && run.last.is_some())
            {
                self.pending = None;
            }
        }
    }

    /// The streams that the peer wants.
    pub(super) fn wanted(&self) -> Vec<StreamId> {
        self.wanted.keys().copied().collect()
    }

    /// `stream` has grown.
    pub(super) fn grown(&mut self, stream: StreamId) {
        if let Some(cursor) = self.wanted.get_mut(&stream)
            && cursor.is_live
            && !cursor.is_ready
        {
            cursor.is_ready = true;
            self.ready.push_back(stream);
        }
    }

    /// The peer has room for so much more.
    pub(super) fn grant(&mut self, bytes: u64) -> Result<(), Malformed> {
        let credit = self.credit.checked_add(bytes);
        self.credit = credit
            .filter(|credit| *credit <= CREDIT_BYTES)
            .ok_or(Malformed {
                what: "a peer grants more than it may",
                at: 0,
            })?;
        Ok(())
    }

    /// So many bytes of frames were given to the connection.
    pub(super) fn queued(&mut self, bytes: usize) {
        self.unsent += bytes;
    }

    /// The connection has written so much.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.unsent = self.unsent.saturating_sub(bytes);
    }

    /// Events that were sent since this was asked last.
    pub(super) fn take_events_sent(&mut self) -> u64 {
        std::mem::take(&mut self.events_sent)
    }

    /// Bytes of frames that wait to be written.
    pub(super) fn unsent(&self) -> usize {
        self.unsent
    }

    /// Whether the peer lets more wait than an honest one can be told.
    pub(super) fn is_unread(&self) -> bool {
        self.unsent > QUEUED_BYTES_MAX
    }

    /// Bytes of frames that wait to be written, and of the run that is being sent.
    pub(super) fn held_bytes(&self) -> usize {
        self.unsent + self.pending.as_ref().map_or(0, |run| run.bytes.len())
    }

    /// How many streams are remembered.
    pub(super) fn entries(&self) -> usize {
        self.wanted.len() + self.to_show.len()
    }

    /// Whether the peer was sent the event at `last` of `stream`. Where it wants what comes later,
    /// it has the event from somebody else, and does not know that it is here.
    pub(super) fn was_sent(&self, stream: StreamId, last: Offset) -> bool {
        let cursor = self.wanted.get(&stream);
        cursor.is_some_and(|cursor| (cursor.from..cursor.next).contains(&last))
    }

    /// Whether the peer has everything of `stream` up to `last`, from us or from somebody else.
    pub(super) fn is_sent(&self, stream: StreamId, last: Offset) -> bool {
        self.wanted
            .get(&stream)
            .is_some_and(|cursor| cursor.next > last)
    }

    /// The next frame to send, or nothing for now.
    pub(super) fn next_frame(&mut self, log: &LogReader) -> Result<Option<Frame>> {
        if self.unsent >= UNSENT_BYTES_MAX {
            return Ok(None);
        }
        let frame = match self.next_live(log)? {
            Some(frame) => Some(frame),
            None => self.next_of_backlog(log)?,
        };
        if let Some(Frame::Data(chunk)) = &frame {
            self.credit -= chunk.bytes.len() as u64;
        }
        Ok(frame)
    }

    fn next_live(&mut self, log: &LogReader) -> Result<Option<Frame>> {
        while let Some(stream) = self.ready.pop_front() {
            let Some(cursor) = self.wanted.get_mut(&stream) else {
                continue;
            };
            cursor.is_ready = false;
            let next = cursor.next;
            match self.read(log, stream, next)? {
                Read::Nothing => {}
                Read::Gone => return Ok(Some(self.missing(stream))),
                Read::Run(run) if run.bytes.len() > CHUNK_BYTES_MAX => self.fall_behind(stream),
                Read::Run(run) if run.bytes.len() as u64 > self.credit => {
                    self.put_back(stream);
                    return Ok(None);
                }
                Read::Run(run) => {
                    self.advance(stream, run.last)?;
                    self.grown(stream);
                    return Ok(Some(Frame::Data(Chunk {
                        stream,
                        at: 0,
                        is_end: true,
                        is_shown: false,
                        bytes: run.bytes.into(),
                    })));
                }
            }
        }
        Ok(None)
    }

    fn next_of_backlog(&mut self, log: &LogReader) -> Result<Option<Frame>> {
        let room = self.credit.saturating_sub(CREDIT_LIVE_BYTES) as usize;
        if room == 0 {
            return Ok(None);
        }
        while self.pending.is_none() {
            if let Some((stream, at)) = self.to_show.pop_front() {
                let Some(run) = log.read_run_with(stream, at)? else {
                    return Ok(Some(Frame::Unshown(stream)));
                };
                self.pending = Some(Pending {
                    stream,
                    bytes: run.bytes.into(),
                    last: None,
                    at: 0,
                });
                continue;
            }
            let Some(stream) = self.backlog.front().copied() else {
                return Ok(None);
            };
            let next = self.wanted.get(&stream).map(|cursor| cursor.next);
            let Some(next) = next else {
                self.backlog.pop_front();
                continue;
            };
            match self.read(log, stream, next)? {
                Read::Nothing => self.catch_up(stream),
                Read::Gone => return Ok(Some(self.missing(stream))),
                Read::Run(run) => {
                    self.pending = Some(Pending {
                        stream,
                        bytes: run.bytes.into(),
                        last: Some(run.last),
                        at: 0,
                    });
                }
            }
        }
        self.next_piece(room)
    }

    /// The next piece of the run that is being sent.
    fn next_piece(&mut self, room: usize) -> Result<Option<Frame>> {
        let Some(pending) = &mut self.pending else {
            return Ok(None);
        };
        let (stream, at, last) = (pending.stream, pending.at, pending.last);
        let end = pending.bytes.len().min(at + room.min(CHUNK_BYTES_MAX));
        let is_end = end == pending.bytes.len();
        let bytes = pending.bytes.slice(at..end);
        pending.at = end;
        if is_end {
            self.pending = None;
            if let Some(last) = last {
                self.advance(stream, last)?;
                self.backlog.rotate_left(1);
            }
        }
        Ok(Some(Frame::Data(Chunk {
            stream,
            at,
            is_end,
            is_shown: last.is_none(),
            bytes,
        })))
    }

    fn read(&self, log: &LogReader, stream: StreamId, next: Offset) -> Result<Read> {
        if let Some(run) = log.read_run(stream, next)? {
            return Ok(Read::Run(run));
        }
        let is_here = log.head(stream).is_some_and(|head| head.last >= next);
        Ok(if is_here { Read::Gone } else { Read::Nothing })
    }

    fn advance(&mut self, stream: StreamId, last: Offset) -> Result<()> {
        if let Some(cursor) = self.wanted.get_mut(&stream) {
            let next = last.advanced(1)?;
            self.events_sent += next.get().saturating_sub(cursor.next.get());
            cursor.next = next;
        }
        Ok(())
    }

    fn missing(&mut self, stream: StreamId) -> Frame {
        self.unwant(stream);
        Frame::Missing(stream)
    }

    /// Everything of the first stream of the backlog was sent.
    fn catch_up(&mut self, stream: StreamId) {
        self.backlog.pop_front();
        if let Some(cursor) = self.wanted.get_mut(&stream) {
            cursor.is_live = true;
        }
    }

    fn fall_behind(&mut self, stream: StreamId) {
        if let Some(cursor) = self.wanted.get_mut(&stream) {
            cursor.is_live = false;
            self.backlog.push_back(stream);
        }
    }

    fn put_back(&mut self, stream: StreamId) {
        if let Some(cursor) = self.wanted.get_mut(&stream) {
            cursor.is_ready = true;
            self.ready.push_front(stream);
        }
    }
}

/// What the log has of a stream from some offset on.
enum Read {
    Run(EncodedRun),
    /// Nothing yet.
    Nothing,
    /// Something, but no batch begins there.
    Gone,
}
