//! Content: what the publisher gives - tags and payload - in the one encoding used everywhere.
//!
//! A caller's thread encodes; after that the bytes are only copied: into the batch, the log, a
//! sealed block, and back into an [`super::Event`].

use std::fmt;

use bytes::Bytes;

use super::codec::{Malformed, Reader, put_bytes};
use super::payload::{self, Payload};
use super::tags::{Tags, TagsIter};
use crate::limits::PAYLOAD_BYTES_MAX;

/// Encoded tags followed by the payload with its length as varint.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    bytes: Bytes,
    tags_len: usize,
}

impl Content {
    /// Encodes tags and payload.
    #[must_use]
    pub fn new(tags: &Tags, payload: &Payload) -> Self {
        let tags_len = tags.as_encoded().len();
        let mut bytes = Vec::with_capacity(tags_len + payload.as_cbor().len() + 3);
        bytes.extend_from_slice(tags.as_encoded());
        put_bytes(&mut bytes, payload.as_cbor());
        Self {
            bytes: bytes.into(),
            tags_len,
        }
    }

    /// Reads content and checks everything that a publisher's types promise. For bytes from peers.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let content = Self::decode_checked(reader)?;
        payload::check_well_formed(content.payload_bytes())
            .map_err(|_| reader.malformed("payload is not well-formed"))?;
        Ok(content)
    }

    /// Reads content whose payload was checked before it was stored or signed by ourselves.
    pub fn decode_checked(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let raw = ContentRef::read(reader)?;
        Ok(raw.to_content())
    }

    /// The tags.
    #[must_use]
    pub fn tags(&self) -> Tags {
        Tags::from_encoded(self.bytes.slice(..self.tags_len))
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> Payload {
        let len = self.payload_bytes().len();
        Payload::from_checked(self.bytes.slice(self.bytes.len() - len..))
    }

    /// The encoded bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn payload_bytes(&self) -> &[u8] {
        let mut reader = Reader::new(&self.bytes[self.tags_len..]);
        let len = reader
            .varint()
            .expect("content was read or made with its length");
        &self.bytes[self.bytes.len() - len as usize..]
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Content")
            .field("tags", &self.tags())
            .field("payload", &self.payload())
            .finish()
    }
}

/// Borrowed content inside a larger buffer, for filtering without a copy.
#[derive(Clone, Copy, Debug)]
pub struct ContentRef<'a> {
    bytes: &'a [u8],
    tags_len: usize,
}

impl<'a> ContentRef<'a> {
    /// Reads content; checks tags and lengths, not the inside of the payload.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let start = reader.clone();
        let from = reader.position();
        Tags::skip(reader)?;
        let tags_len = reader.position() - from;
        let payload_len = reader.len(PAYLOAD_BYTES_MAX, "payload is too long")?;
        reader.take(payload_len)?;
        let bytes = start.clone().take(reader.position() - from)?;
        Ok(Self { bytes, tags_len })
    }

    /// The tags in text order.
    #[must_use]
    pub fn tags(&self) -> TagsIter<'a> {
        TagsIter::new(self.bytes)
    }

    /// The encoded bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// An owned copy.
    #[must_use]
    pub fn to_content(self) -> Content {
        Content {
            bytes: Bytes::copy_from_slice(self.bytes),
            tags_len: self.tags_len,
        }
    }
}
