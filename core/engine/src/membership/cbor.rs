//! Deterministic CBOR (RFC 8949, section 4.2): shortest forms, definite lengths, sorted keys.
//!
//! The writer can write nothing else. The reader is lenient about form; every decoder writes what
//! it read again and compares, so that a value has exactly one encoding.

use minicbor::{Decoder, Encoder};

use crate::event::codec::Malformed;

/// Writes items one after the other.
pub(super) struct Writer(Encoder<Vec<u8>>);

impl Writer {
    pub(super) fn new() -> Self {
        Self(Encoder::new(Vec::new()))
    }

    /// Begins a map of `len` pairs, which are to be written in the order of their encoded keys.
    pub(super) fn map(&mut self, len: usize) -> &mut Self {
        self.0.map(len as u64).expect(VEC_GROWS);
        self
    }

    pub(super) fn array(&mut self, len: usize) -> &mut Self {
        self.0.array(len as u64).expect(VEC_GROWS);
        self
    }

    pub(super) fn uint(&mut self, number: u64) -> &mut Self {
        self.0.u64(number).expect(VEC_GROWS);
        self
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.bytes(bytes).expect(VEC_GROWS);
        self
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.str(text).expect(VEC_GROWS);
        self
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0.into_writer()
    }
}

const VEC_GROWS: &str = "a Vec takes what it is given";

/// Reads items one after the other; no read allocates.
pub(super) struct Reader<'a>(Decoder<'a>);

impl<'a> Reader<'a> {
    /// Starts at the first item of at most `bytes_max` bytes.
    pub(super) fn new(bytes: &'a [u8], bytes_max: usize) -> Result<Self, Malformed> {
        if bytes.len() > bytes_max {
            return Err(malformed("bytes are too many", bytes_max));
        }
        Ok(Self(Decoder::new(bytes)))
    }

    /// A complaint about what is at the current position.
    pub(super) fn malformed(&self, what: &'static str) -> Malformed {
        malformed(what, self.0.position())
    }

    /// The number of items of an array, at most `max`.
    pub(super) fn array(&mut self, max: usize) -> Result<usize, Malformed> {
        let len = self.0.array().ok().flatten();
        self.bounded(len, max, "no array of a legal length")
    }

    /// The number of pairs of a map, at most `max`.
    pub(super) fn map(&mut self, max: usize) -> Result<usize, Malformed> {
        let len = self.0.map().ok().flatten();
        self.bounded(len, max, "no map of a legal length")
    }

    /// Insists on a map of exactly `len` pairs: a record with as many fields.
    pub(super) fn record(&mut self, len: usize) -> Result<(), Malformed> {
        match self.map(len)? == len {
            true => Ok(()),
            false => Err(self.malformed("a field is missing")),
        }
    }

    /// Insists on the key `key`, so that the value is next.
    pub(super) fn key(&mut self, key: u64) -> Result<&mut Self, Malformed> {
        match self.uint()? == key {
            true => Ok(self),
            false => Err(self.malformed("a field is missing or unknown")),
        }
    }

    pub(super) fn uint(&mut self) -> Result<u64, Malformed> {
        let number = self.0.u64().ok();
        number.ok_or_else(|| self.malformed("no number"))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let bytes = self.0.bytes().ok();
        bytes.ok_or_else(|| self.malformed("no byte string"))
    }

    pub(super) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let bytes = self.bytes()?;
        <[u8; N]>::try_from(bytes).map_err(|_| self.malformed("byte string of another length"))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        let text = self.0.str().ok();
        text.ok_or_else(|| self.malformed("no text"))
    }

    /// Turns a refused value into a complaint about the bytes it came from.
    pub(super) fn checked<T>(&self, value: crate::error::Result<T>) -> Result<T, Malformed> {
        value.map_err(|_| self.malformed("value is out of range"))
    }

    /// Insists that `again`, the encoding of what was read, is what it was read from.
    pub(super) fn finish(self, again: &[u8]) -> Result<(), Malformed> {
        match self.0.input() == again {
            true => Ok(()),
            false => Err(self.malformed("bytes are not in their canonical form")),
        }
    }

    fn bounded(
        &self,
        len: Option<u64>,
        max: usize,
        what: &'static str,
    ) -> Result<usize, Malformed> {
        let len = len.and_then(|len| usize::try_from(len).ok());
        len.filter(|len| *len <= max)
            .ok_or_else(|| self.malformed(what))
    }
}

fn malformed(what: &'static str, at: usize) -> Malformed {
    Malformed { what, at }
}
