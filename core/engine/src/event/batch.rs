//! Batches: the events of one stream committed together, the unit of hashing and signing.
//!
//! A batch is a header and a body. The header names the hash of the body and the hash of the
//! header before it in the stream, so one signature vouches for everything up to it. The byte map
//! is in docs/format/batch.md; header and body have exactly one encoding.

use std::fmt;

use bytes::Bytes;

use super::app_id::AppId;
use super::codec::{Malformed, Reader, put_varint, put_zigzag};
use super::content::ContentRef;
use super::node_id::NodeId;
use super::sequence::{Lamport, Offset, Timestamp};
use super::sign::{Signature, Signer};
use super::stream::{StreamId, StreamName, StreamNumber};
use crate::limits::{APP_ID_BYTES_MAX, BATCH_EVENTS_MAX, PUBLISH_BYTES_MAX, STREAM_NAME_BYTES_MAX};

/// BLAKE3 of a batch header; it stands for the whole stream up to that batch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchHash([u8; 32]);

impl BatchHash {
    /// What the first batch of a stream has before it.
    pub const GENESIS: Self = Self([0; 32]);

    /// From its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the author signs: a domain tag, so that the signature fits nothing else, and the hash.
    fn signed_message(&self) -> [u8; SIGN_DOMAIN.len() + 32] {
        let mut message = [0; SIGN_DOMAIN.len() + 32];
        message[..SIGN_DOMAIN.len()].copy_from_slice(SIGN_DOMAIN);
        message[SIGN_DOMAIN.len()..].copy_from_slice(&self.0);
        message
    }

    /// Signs this hash as the author.
    pub fn signed_by(&self, signer: &dyn Signer) -> Signature {
        signer.sign(&self.signed_message())
    }

    /// Whether `signature` is `author`'s over this hash.
    #[must_use]
    pub fn is_signed(&self, author: NodeId, signature: &Signature) -> bool {
        signature.is_valid(author, &self.signed_message())
    }
}

impl fmt::Debug for BatchHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in &self.0[..8] {
            write!(out, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// What is known of a batch without its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// The stream the batch belongs to.
    pub stream: StreamId,
    /// Offset of its first event.
    pub first_offset: Offset,
    /// Number of its events, at least one.
    pub count: u32,
    /// Hash of the header before it; [`BatchHash::GENESIS`] at offset 0.
    pub previous: BatchHash,
    /// BLAKE3 of the body.
    pub body_hash: [u8; 32],
    /// Lamport of its last event.
    pub lamport: Lamport,
    /// Timestamp of its first event.
    pub time: Timestamp,
    /// The app that published all of its events.
    pub app_id: AppId,
    /// Name of the stream. The first batch of a stream has it, and so a receiver can begin a stream
    /// at any batch that has it; only those written by early versions have none.
    pub name: Option<StreamName>,
}

impl BatchHeader {
    /// Offset of the last event.
    #[must_use]
    pub fn last_offset(&self) -> Offset {
        self.first_offset
            .advanced(u64::from(self.count) - 1)
            .expect("checked when it was made")
    }

    /// BLAKE3 of the encoded header.
    #[must_use]
    pub fn hash(&self) -> BatchHash {
        let mut bytes = Vec::with_capacity(HEADER_BYTES_FIXED + 64);
        self.encode(&mut bytes);
        BatchHash(*blake3::hash(&bytes).as_bytes())
    }

    /// Appends the header's one encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[HEADER_VERSION, 0]);
        out.extend_from_slice(self.stream.node.as_bytes());
        out.extend_from_slice(&self.stream.number.get().to_le_bytes());
        out.extend_from_slice(&self.first_offset.get().to_le_bytes());
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(&self.previous.0);
        out.extend_from_slice(&self.body_hash);
        out.extend_from_slice(&self.lamport.get().to_le_bytes());
        out.extend_from_slice(&self.time.micros().to_le_bytes());
        put_short(out, self.app_id.as_str());
        put_short(out, self.name.as_ref().map_or("", StreamName::as_str));
    }

    /// Reads a header and checks all that can be checked without its body.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        if reader.u8()? != HEADER_VERSION || reader.u8()? != 0 {
            return Err(reader.malformed("unknown batch version or flags"));
        }
        let node = NodeId::from_bytes(reader.array()?);
        let number = checked(StreamNumber::new(reader.u64()?), reader)?;
        let first_offset = checked(Offset::new(reader.u64()?), reader)?;
        let count = reader.u32()?;
        if count == 0 || count as usize > BATCH_EVENTS_MAX {
            return Err(reader.malformed("batch has no or too many events"));
        }
        checked(first_offset.advanced(u64::from(count) - 1), reader)?;
        let header = Self {
            stream: StreamId::new(node, number),
            first_offset,
            count,
            previous: BatchHash(reader.array()?),
            body_hash: reader.array()?,
            lamport: checked(Lamport::new(reader.u64()?), reader)?,
            time: Timestamp::from_micros(reader.u64()? as i64),
            app_id: checked(AppId::new(short(reader, APP_ID_BYTES_MAX)?), reader)?,
            name: match short(reader, STREAM_NAME_BYTES_MAX)? {
                "" => None,
                name => Some(checked(StreamName::new(name), reader)?),
            },
        };
        let is_genesis = first_offset == Offset::ZERO;
        if is_genesis && header.name.is_none() {
            return Err(reader.malformed("the first batch of a stream has no name"));
        }
        if is_genesis != (header.previous == BatchHash::GENESIS) {
            return Err(reader.malformed("only the first batch has no predecessor"));
        }
        Ok(header)
    }
}

/// A header, its body, and the author's signature when this batch carries one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// What the batch says of itself.
    pub header: BatchHeader,
    /// The author's signature over the header hash; inner batches of a run have none.
    pub signature: Option<Signature>,
    /// The encoded events.
    pub body: Bytes,
}

impl Batch {
    /// Appends header, signature and body.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode(out);
        match &self.signature {
            Some(signature) => {
                out.push(1);
                out.extend_from_slice(signature.as_bytes());
            }
            None => out.push(0),
        }
        put_varint(out, self.body.len() as u64);
        out.extend_from_slice(&self.body);
    }

    /// Reads a batch. The body is only cut out: check it with [`BatchRef::check_body`].
    pub fn decode<'a>(reader: &mut Reader<'a>) -> Result<BatchRef<'a>, Malformed> {
        let header = BatchHeader::decode(reader)?;
        let signature = match reader.u8()? {
            0 => None,
            1 => Some(Signature::from_bytes(reader.array()?)),
            _ => return Err(reader.malformed("signature flag is neither 0 nor 1")),
        };
        let len = reader.len(BODY_BYTES_MAX, "batch body is too long")?;
        let body_at = reader.position();
        Ok(BatchRef {
            header,
            signature,
            body: reader.take(len)?,
            body_at,
        })
    }
}

/// A decoded batch whose body still lies in the buffer it was read from.
#[derive(Clone, Debug)]
pub struct BatchRef<'a> {
    /// What the batch says of itself.
    pub header: BatchHeader,
    /// The author's signature over the header hash, if this batch carries one.
    pub signature: Option<Signature>,
    /// The encoded events.
    pub body: &'a [u8],
    /// Where the body began in the reader's slice.
    pub body_at: usize,
}

impl BatchRef<'_> {
    /// Lamport of the first event; the header has that of the last.
    pub fn first_lamport(&self) -> Result<Lamport, Malformed> {
        let first = Records::new(self.body).read_next()?;
        let (what, at) = ("batch body is empty", self.body_at);
        Ok(first.ok_or(Malformed { what, at })?.lamport)
    }

    /// Checks that the body is the one the header names and holds what the header says.
    pub fn check_body(&self) -> Result<(), Malformed> {
        let bad = |what| {
            Err(Malformed {
                what,
                at: self.body_at,
            })
        };
        if *blake3::hash(self.body).as_bytes() != self.header.body_hash {
            return bad("batch body does not match its hash");
        }
        let mut records = Records::new(self.body);
        let (mut count, mut last) = (0u32, None);
        while let Some(record) = records.read_next()? {
            if count == 0 && record.timestamp != self.header.time {
                return bad("batch time is not that of its first event");
            }
            count += 1;
            last = Some(record.lamport);
        }
        if count != self.header.count || last != Some(self.header.lamport) {
            return bad("batch count or lamport differs from its events");
        }
        Ok(())
    }
}

/// One event inside a batch body.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Logical clock.
    pub lamport: Lamport,
    /// Wall clock of the publisher.
    pub timestamp: Timestamp,
    /// Tags and payload.
    pub content: ContentRef<'a>,
    /// Where the content begins in the body.
    pub content_at: usize,
}

/// Reads the records of a batch body one after the other.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    reader: Reader<'a>,
    lamport: Option<Lamport>,
    time: i64,
}

impl<'a> Records<'a> {
    /// Starts at the first record.
    #[must_use]
    pub fn new(body: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(body),
            lamport: None,
            time: 0,
        }
    }

    /// The next record, or `None` at the end of the body.
    pub fn read_next(&mut self) -> Result<Option<Record<'a>>, Malformed> {
        if self.reader.is_at_end() {
            return Ok(None);
        }
        let delta = self.reader.varint()?;
        if delta == 0 && self.lamport.is_some() {
            return Err(self.reader.malformed("lamport does not grow"));
        }
        let before = self.lamport.unwrap_or(Lamport::ZERO);
        let lamport = checked(before.advanced(delta), &self.reader)?;
        self.lamport = Some(lamport);
        self.time = self.time.wrapping_add(self.reader.zigzag()?);
        let content_at = self.reader.position();
        let content = ContentRef::read(&mut self.reader)?;
        let timestamp = Timestamp::from_micros(self.time);
        Ok(Some(Record {
            lamport,
            timestamp,
            content,
            content_at,
        }))
    }
}

/// Builds a batch body record by record.
#[derive(Debug, Default)]
pub struct BodyBuilder {
    bytes: Vec<u8>,
    count: u32,
    lamport: Lamport,
    time: i64,
    first_time: Timestamp,
}

impl BodyBuilder {
    /// An empty body.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one event; lamports must grow. Returns where its content begins in the body.
    pub fn push(&mut self, lamport: Lamport, timestamp: Timestamp, content: &[u8]) -> usize {
        assert!(
            self.count == 0 || lamport > self.lamport,
            "lamports of a batch must grow"
        );
        if self.count == 0 {
            self.first_time = timestamp;
        }
        put_varint(&mut self.bytes, lamport.get() - self.lamport.get());
        put_zigzag(&mut self.bytes, timestamp.micros().wrapping_sub(self.time));
        let content_at = self.bytes.len();
        self.bytes.extend_from_slice(content);
        self.count += 1;
        self.lamport = lamport;
        self.time = timestamp.micros();
        content_at
    }

    /// Number of events so far.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Completes the batch as the next one after `place`; the caller may sign it afterwards.
    #[must_use]
    pub fn finish(self, place: BatchPlace, app_id: AppId) -> Batch {
        assert!(self.count > 0, "a batch must have an event");
        let header = BatchHeader {
            stream: place.stream,
            first_offset: place.first_offset,
            count: self.count,
            previous: place.previous,
            body_hash: *blake3::hash(&self.bytes).as_bytes(),
            lamport: self.lamport,
            time: self.first_time,
            app_id,
            name: Some(place.name),
        };
        Batch {
            header,
            signature: None,
            body: self.bytes.into(),
        }
    }
}

/// Where in which stream the next batch goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchPlace {
    /// The stream.
    pub stream: StreamId,
    /// Its name.
    pub name: StreamName,
    /// Offset of the batch's first event.
    pub first_offset: Offset,
    /// Hash of the stream's newest header.
    pub previous: BatchHash,
}

fn put_short(out: &mut Vec<u8>, text: &str) {
    out.push(u8::try_from(text.len()).expect("names are bounded below 256 bytes"));
    out.extend_from_slice(text.as_bytes());
}

fn short<'a>(reader: &mut Reader<'a>, max: usize) -> Result<&'a str, Malformed> {
    let len = usize::from(reader.u8()?);
    if len > max {
        return Err(reader.malformed("name is too long"));
    }
    std::str::from_utf8(reader.take(len)?).map_err(|_| reader.malformed("name is not UTF-8"))
}

/// Turns a refused value into a complaint about the bytes it came from.
fn checked<T>(value: crate::error::Result<T>, reader: &Reader<'_>) -> Result<T, Malformed> {
    value.map_err(|_| reader.malformed("value is out of range"))
}

const SIGN_DOMAIN: &[u8; 16] = b"swarmlet/batch/1";
const HEADER_VERSION: u8 = 1;
const HEADER_BYTES_FIXED: usize = 136;
/// Records add at most 20 bytes to the content that the publish bound counts.
const BODY_BYTES_MAX: usize = PUBLISH_BYTES_MAX + 20 * BATCH_EVENTS_MAX;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{Content, DeviceKey, Payload, Tags};

    fn content(text: &str) -> Content {
        let tags = Tags::new(["machine:1", text]).unwrap();
        Content::new(&tags, &Payload::from_serde(text).unwrap())
    }

    fn batch(signer: &DeviceKey) -> Batch {
        let mut body = BodyBuilder::new();
        for (lamport, time, text) in [(7, 50, "a"), (9, 40, "b"), (10, 60, "c")] {
            let lamport = Lamport::new(lamport).unwrap();
            body.push(
                lamport,
                Timestamp::from_micros(time),
                content(text).as_bytes(),
            );
        }
        let place = BatchPlace {
            stream: StreamId::new(signer.node_id(), StreamNumber::DEFAULT),
            name: StreamName::default_name(),
            first_offset: Offset::ZERO,
            previous: BatchHash::GENESIS,
        };
        let mut batch = body.finish(place, AppId::new("com.example").unwrap());
        batch.signature = Some(batch.header.hash().signed_by(signer));
        batch
    }

    #[test]
    fn batches_round_trip_and_verify() {
        let signer = DeviceKey::from_seed(&[3; 32]);
        let batch = batch(&signer);
        let mut bytes = Vec::new();
        batch.encode(&mut bytes);
        let decoded = Batch::decode(&mut Reader::new(&bytes)).unwrap();
        decoded.check_body().unwrap();
        assert_eq!(decoded.header, batch.header);
        let hash = decoded.header.hash();
        assert!(hash.is_signed(signer.node_id(), &decoded.signature.unwrap()));
        assert_eq!(decoded.header.last_offset(), Offset::new(2).unwrap());
        assert!(!hash.is_signed(NodeId::from_bytes([1; 32]), &decoded.signature.unwrap()));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let signer = DeviceKey::from_seed(&[3; 32]);
        let mut bytes = Vec::new();
        batch(&signer).encode(&mut bytes);
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let is_accepted = Batch::decode(&mut Reader::new(&damaged)).is_ok_and(|batch| {
                let signature = batch.signature;
                batch.check_body().is_ok()
                    && signature.is_some_and(|signature| {
                        batch.header.hash().is_signed(signer.node_id(), &signature)
                    })
            });
            assert!(!is_accepted, "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_fail(bytes: Vec<u8>) {
            if let Ok(batch) = Batch::decode(&mut Reader::new(&bytes)) {
                let _ = batch.check_body();
            }
        }
    }
}
