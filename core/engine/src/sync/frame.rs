//! Frames: what two nodes say to each other once both are admitted.
//!
//! The byte map is in docs/format/sync.md. A frame is parsed once, here; nothing behind this file
//! meets a byte that was not understood.

use bytes::Bytes;

use super::contact::Contact;
use super::limits::{
    CHUNK_BYTES_MAX, CONTACTS_PER_FRAME_MAX, FRAME_BYTES_MAX, HEADS_PER_FRAME_MAX, HOLDS_MAX,
};
use crate::event::codec::{Malformed, Reader, put_bytes, put_varint};
use crate::event::{BatchHash, NodeId, Offset, StreamId, StreamName, StreamNumber};
use crate::limits::{RUN_BYTES_MAX, STREAM_NAME_BYTES_MAX};
use crate::membership::StreamPattern;

/// One message of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The first frame in each direction.
    Hello(Hello),
    /// Revocations, encoded one after the other. Sent after the hellos, and before anything else,
    /// if the two nodes know different ones; and later when there is a new one.
    Revocations(Bytes),
    /// All revocations were sent.
    RevocationsComplete,
    /// Certificates of members, encoded one after the other, for judging what they wrote.
    Members(Bytes),
    /// How far the sender has streams that the receiver may read and wants to hold.
    Heads(Vec<HeadEntry>),
    /// All heads that the sender has were announced once.
    HeadsComplete,
    /// The receiver of this is to send the stream from this offset on, and go on with it.
    Want(StreamId, Offset),
    /// It is not to send the stream any more.
    Unwant(StreamId),
    /// The receiver of this is to send the run that has the event at this offset: as proof, where
    /// the two nodes have different batches at one place.
    Show(StreamId, Offset),
    /// The sender of this has nothing at the offset of the stream that it was asked to show.
    Unshown(StreamId),
    /// A piece of a run.
    Data(Chunk),
    /// The sender of this cannot send the stream from where it was wanted.
    Missing(StreamId),
    /// There is room for so many more bytes of chunks.
    Credit(u64),
    /// Asks for the same number in a `Pong`.
    Ping(u64),
    /// Answers a `Ping`.
    Pong(u64),
    /// Where members can be reached.
    Contacts(Vec<Contact>),
    /// The sender of this has too many connections, and asks the receiver to close this one.
    Crowded,
    /// What nodes say of blobs: a frame of `blobs::exchange`, passed on as it is.
    Blobs(Bytes),
}

/// What a frame is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// Pieces of events.
    Events,
    /// Blobs.
    Blobs,
    /// Everything else: who has what, who may what, credit, signs of life.
    Control,
}

impl Concern {
    /// What an encoded frame is about, as far as its kind tells; nothing of it is checked.
    #[must_use]
    pub fn of(frame: &[u8]) -> Self {
        match frame.get(size_of::<u32>()) {
            Some(&DATA) => Self::Events,
            Some(&BLOBS) => Self::Blobs,
            _ => Self::Control,
        }
    }
}

/// What a node says of itself first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Random, made at each open: two of one node at a time are a cloned device.
    pub instance: [u8; 16],
    /// The names of the streams it wants to hold.
    pub holds: Vec<StreamPattern>,
    /// Digest of the revocations it knows.
    pub revocations: [u8; 32],
    /// Digest of the member certificates it knows; whoever has others sends them.
    pub members: [u8; 32],
}

/// How far a stream is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadEntry {
    /// The stream.
    pub stream: StreamId,
    /// Its name.
    pub name: StreamName,
    /// The first offset from which on the sender can give it; 0 if it has all of it.
    pub first: Offset,
    /// Its last offset.
    pub last: Offset,
    /// Hash of the header of the batch that ends there.
    pub hash: BatchHash,
}

impl HeadEntry {
    /// Whether the event at `offset` is there.
    #[must_use]
    pub fn has(&self, offset: Offset) -> bool {
        self.first <= offset && offset <= self.last
    }
}

/// A piece of an encoded run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The stream.
    pub stream: StreamId,
    /// Where in the run the piece begins.
    pub at: usize,
    /// Whether it is the last piece of its run.
    pub is_end: bool,
    /// Whether the run was to be shown, not wanted.
    pub is_shown: bool,
    /// The bytes.
    pub bytes: Bytes,
}

impl Frame {
    /// The frame as bytes, as number `sequence` of its direction.
    #[must_use]
    pub fn encode(&self, sequence: u32) -> Bytes {
        let mut out = Vec::with_capacity(64);
        out.extend_from_slice(&sequence.to_le_bytes());
        out.push(self.kind());
        match self {
            Self::Hello(hello) => hello.encode(&mut out),
            Self::Revocations(bytes) | Self::Members(bytes) | Self::Blobs(bytes) => {
                out.extend_from_slice(bytes);
            }
            Self::Heads(entries) => {
                put_varint(&mut out, entries.len() as u64);
                entries.iter().for_each(|entry| entry.encode(&mut out));
            }
            Self::Contacts(contacts) => {
                put_varint(&mut out, contacts.len() as u64);
                contacts.iter().for_each(|contact| contact.encode(&mut out));
            }
            Self::HeadsComplete | Self::RevocationsComplete | Self::Crowded => {}
            Self::Want(stream, offset) | Self::Show(stream, offset) => {
                put_stream(&mut out, *stream);
                put_varint(&mut out, offset.get());
            }
            Self::Unwant(stream) | Self::Missing(stream) | Self::Unshown(stream) => {
                put_stream(&mut out, *stream);
            }
            Self::Data(chunk) => {
                out.reserve(chunk.bytes.len() + 64);
                put_stream(&mut out, chunk.stream);
                put_varint(&mut out, chunk.at as u64);
                out.push(u8::from(chunk.is_end) | u8::from(chunk.is_shown) << 1);
                out.extend_from_slice(&chunk.bytes);
            }
            Self::Credit(number) | Self::Ping(number) | Self::Pong(number) => {
                put_varint(&mut out, *number);
            }
        }
        out.into()
    }

    /// Reads a frame, which must be number `sequence` of its direction: a connection that loses,
    /// repeats or reorders frames is noticed at once.
    pub fn decode(bytes: &Bytes, sequence: u32) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(reader.malformed("a frame is too long"));
        }
        if reader.u32()? != sequence {
            return Err(reader.malformed("frames are not in order"));
        }
        let kind = reader.u8()?;
        let frame = match kind {
            HELLO => Self::Hello(Hello::decode(&mut reader)?),
            REVOCATIONS => Self::Revocations(rest(bytes, &mut reader)?),
            REVOCATIONS_COMPLETE => Self::RevocationsComplete,
            MEMBERS => Self::Members(rest(bytes, &mut reader)?),
            HEADS => {
                let count = reader.len(HEADS_PER_FRAME_MAX, "too many heads in a frame")?;
                let entries = (0..count).map(|_| HeadEntry::decode(&mut reader));
                Self::Heads(entries.collect::<Result<_, _>>()?)
            }
            HEADS_COMPLETE => Self::HeadsComplete,
            WANT => Self::Want(stream(&mut reader)?, offset(&mut reader)?),
            UNWANT => Self::Unwant(stream(&mut reader)?),
            SHOW => Self::Show(stream(&mut reader)?, offset(&mut reader)?),
            UNSHOWN => Self::Unshown(stream(&mut reader)?),
            DATA => Self::Data(Chunk::decode(bytes, &mut reader)?),
            MISSING => Self::Missing(stream(&mut reader)?),
            CREDIT => Self::Credit(reader.varint()?),
            PING => Self::Ping(reader.varint()?),
            PONG => Self::Pong(reader.varint()?),
            CONTACTS => {
                let count = reader.len(CONTACTS_PER_FRAME_MAX, "too many contacts in a frame")?;
                let contacts = (0..count).map(|_| Contact::decode(&mut reader));
                Self::Contacts(contacts.collect::<Result<_, _>>()?)
            }
            CROWDED => Self::Crowded,
            BLOBS => Self::Blobs(rest(bytes, &mut reader)?),
            _ => return Err(reader.malformed("unknown kind of frame")),
        };
        reader.finish()?;
        Ok(frame)
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Hello(_) => HELLO,
            Self::Revocations(_) => REVOCATIONS,
            Self::RevocationsComplete => REVOCATIONS_COMPLETE,
            Self::Members(_) => MEMBERS,
            Self::Heads(_) => HEADS,
            Self::HeadsComplete => HEADS_COMPLETE,
            Self::Want(..) => WANT,
            Self::Unwant(_) => UNWANT,
            Self::Show(..) => SHOW,
            Self::Unshown(_) => UNSHOWN,
            Self::Data(_) => DATA,
            Self::Missing(_) => MISSING,
            Self::Credit(_) => CREDIT,
            Self::Ping(_) => PING,
            Self::Pong(_) => PONG,
            Self::Contacts(_) => CONTACTS,
            Self::Crowded => CROWDED,
            Self::Blobs(_) => BLOBS,
        }
    }
}

impl Hello {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        out.extend_from_slice(&self.instance);
        out.extend_from_slice(&self.revocations);
        out.extend_from_slice(&self.members);
        put_varint(out, self.holds.len() as u64);
        for pattern in &self.holds {
            put_bytes(out, pattern.to_string().as_bytes());
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        if reader.u8()? != VERSION {
            return Err(reader.malformed("a peer speaks another version"));
        }
        let (instance, revocations, members) = (reader.array()?, reader.array()?, reader.array()?);
        let count = reader.len(HOLDS_MAX, "too many patterns of streams")?;
        let mut holds = Vec::with_capacity(count);
        for _ in 0..count {
            let pattern = text(reader)?.parse();
            holds.push(pattern.map_err(|_| reader.malformed("not a pattern of streams"))?);
        }
        Ok(Self {
            instance,
            holds,
            revocations,
            members,
        })
    }
}

impl HeadEntry {
    fn encode(&self, out: &mut Vec<u8>) {
        put_stream(out, self.stream);
        put_bytes(out, self.name.as_str().as_bytes());
        put_varint(out, self.first.get());
        put_varint(out, self.last.get());
        out.extend_from_slice(self.hash.as_bytes());
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let stream = stream(reader)?;
        let name = StreamName::new(text(reader)?);
        Ok(Self {
            stream,
            name: name.map_err(|_| reader.malformed("not a name of a stream"))?,
            first: offset(reader)?,
            last: offset(reader)?,
            hash: BatchHash::from_bytes(reader.array()?),
        })
    }
}

impl Chunk {
    fn decode(bytes: &Bytes, reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let stream = stream(reader)?;
        let at = reader.len(RUN_BYTES_MAX, "a chunk lies behind the longest run")?;
        let flags = reader.u8()?;
        if flags > 3 {
            return Err(reader.malformed("unknown flags of a chunk"));
        }
        let bytes = rest(bytes, reader)?;
        if bytes.is_empty() || bytes.len() > CHUNK_BYTES_MAX {
            return Err(reader.malformed("a chunk is empty or too long"));
        }
        Ok(Self {
            stream,
            at,
            is_end: flags & 1 != 0,
            is_shown: flags & 2 != 0,
            bytes,
        })
    }
}

fn put_stream(out: &mut Vec<u8>, stream: StreamId) {
    out.extend_from_slice(stream.node.as_bytes());
    put_varint(out, stream.number.get());
}

fn stream(reader: &mut Reader<'_>) -> Result<StreamId, Malformed> {
    let node = NodeId::from_bytes(reader.array()?);
    let number = StreamNumber::new(reader.varint()?);
    let number = number.map_err(|_| reader.malformed("a stream number is too large"))?;
    Ok(StreamId::new(node, number))
}

fn offset(reader: &mut Reader<'_>) -> Result<Offset, Malformed> {
    let offset = Offset::new(reader.varint()?);
    offset.map_err(|_| reader.malformed("an offset is too large"))
}

fn text<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Malformed> {
    let len = reader.len(STREAM_NAME_BYTES_MAX + 1, "a name is too long")?;
    std::str::from_utf8(reader.take(len)?).map_err(|_| reader.malformed("a name is not UTF-8"))
}

/// Everything that is left, without copying it.
fn rest(bytes: &Bytes, reader: &mut Reader<'_>) -> Result<Bytes, Malformed> {
    let at = reader.position();
    reader.take(bytes.len() - at)?;
    Ok(bytes.slice(at..))
}

const VERSION: u8 = 3;

const HELLO: u8 = 1;
const REVOCATIONS: u8 = 2;
const MEMBERS: u8 = 3;
const HEADS: u8 = 4;
const HEADS_COMPLETE: u8 = 5;
const WANT: u8 = 6;
const UNWANT: u8 = 7;
const DATA: u8 = 8;
const MISSING: u8 = 9;
const CREDIT: u8 = 10;
const PING: u8 = 11;
const PONG: u8 = 12;
const REVOCATIONS_COMPLETE: u8 = 13;
const SHOW: u8 = 14;
const CONTACTS: u8 = 15;
const CROWDED: u8 = 16;
const UNSHOWN: u8 = 17;
const BLOBS: u8 = 18;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::DeviceKey;
    use crate::sync::Address;

    fn contact(seed: u8) -> Contact {
        let addresses = vec![Address::new("tcp://127.0.0.1:4001").unwrap(); 3];
        Contact::sign(77, addresses, &DeviceKey::from_seed(&[seed; 32]))
    }

    fn frames() -> Vec<Frame> {
        let stream = StreamId::new(NodeId::from_bytes([7; 32]), StreamNumber::new(300).unwrap());
        let name = StreamName::new("sensors").unwrap();
        let last = Offset::new(70_000).unwrap();
        let hash = BatchHash::from_bytes([9; 32]);
        vec![
            Frame::Hello(Hello {
                instance: [1; 16],
                holds: vec!["line*".parse().unwrap(), "*".parse().unwrap()],
                revocations: [3; 32],
                members: [2; 32],
            }),
            Frame::Revocations(Bytes::from_static(b"list")),
            Frame::RevocationsComplete,
            Frame::Members(Bytes::new()),
            Frame::Heads(vec![
                HeadEntry {
                    stream,
                    name,
                    first: Offset::new(200).unwrap(),
                    last,
                    hash
                };
                2
            ]),
            Frame::HeadsComplete,
            Frame::Want(stream, last),
            Frame::Unwant(stream),
            Frame::Show(stream, last),
            Frame::Unshown(stream),
            Frame::Data(Chunk {
                stream,
                at: 65_536,
                is_end: true,
                is_shown: false,
                bytes: Bytes::from_static(b"bytes"),
            }),
            Frame::Missing(stream),
            Frame::Credit(1 << 20),
            Frame::Ping(u64::MAX),
            Frame::Pong(0),
            Frame::Contacts(vec![contact(1), contact(2)]),
            Frame::Crowded,
        ]
    }

    #[test]
    fn frames_round_trip_in_their_order_only() {
        for frame in frames() {
            let bytes = frame.encode(5);
            assert_eq!(Frame::decode(&bytes, 5).unwrap(), frame);
            assert!(Frame::decode(&bytes, 6).is_err());
            let is_open_ended = matches!(
                frame,
                Frame::Revocations(_) | Frame::Members(_) | Frame::Data(_)
            );
            let longer = Bytes::from([&bytes[..], &[0]].concat());
            assert_eq!(Frame::decode(&longer, 5).is_ok(), is_open_ended);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_refused(kind in 0..19u8, bytes: Vec<u8>) {
            let bytes = [&[0, 0, 0, 0, kind], &bytes[..]].concat();
            if let Ok(frame) = Frame::decode(&bytes.clone().into(), 0) {
                prop_assert_eq!(&frame.encode(0)[..], &bytes[..]);
            }
        }
    }
}
