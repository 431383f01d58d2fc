//! Payloads item by item, so that a binding turns its own values into CBOR and back directly.
//!
//! No tree of values in between. Depth is bounded on both sides, so bindings may recurse.

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use swarmlet::{ErrorKind, Payload};

use crate::failure::{Failure, Result};

/// Where writing stops. The engine has the last word; a test shows that it says the same.
pub(crate) const DEPTH_MAX: usize = 128;
/// Where writing stops, likewise.
const BYTES_MAX: usize = 1024 * 1024;

/// Writes one value: scalars, or `begin_*`, the items (for maps: key, value, ...), and `end`.
pub struct PayloadWriter {
    encoder: Encoder<Vec<u8>>,
    depth: usize,
}

impl Default for PayloadWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl PayloadWriter {
    /// Nothing written yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            encoder: Encoder::new(Vec::with_capacity(128)),
            depth: 0,
        }
    }

    /// No value.
    pub fn null(&mut self) {
        infallible(self.encoder.null().map(|_| ()));
    }

    /// True or false.
    pub fn bool(&mut self, value: bool) {
        infallible(self.encoder.bool(value).map(|_| ()));
    }

    /// An integer.
    pub fn integer(&mut self, value: i64) {
        infallible(self.encoder.i64(value).map(|_| ()));
    }

    /// An integer that may be beyond `i64`.
    pub fn unsigned(&mut self, value: u64) {
        infallible(self.encoder.u64(value).map(|_| ()));
    }

    /// A floating point number; infinities and not-a-number are kept.
    pub fn float(&mut self, value: f64) {
        infallible(self.encoder.f64(value).map(|_| ()));
    }

    /// A text.
    pub fn text(&mut self, value: &str) -> Result<()> {
        self.check_room(value.len())?;
        infallible(self.encoder.str(value).map(|_| ()));
        Ok(())
    }

    /// Bytes.
    pub fn bytes(&mut self, value: &[u8]) -> Result<()> {
        self.check_room(value.len())?;
        infallible(self.encoder.bytes(value).map(|_| ()));
        Ok(())
    }

    /// A list of `len` items.
    pub fn begin_list(&mut self, len: usize) -> Result<()> {
        self.enter(len)?;
        infallible(self.encoder.array(len as u64).map(|_| ()));
        Ok(())
    }

    /// A map of `len` keys with values.
    pub fn begin_map(&mut self, len: usize) -> Result<()> {
        self.enter(len)?;
        infallible(self.encoder.map(len as u64).map(|_| ()));
        Ok(())
    }

    /// The end of the list or map that was begun last.
    pub fn end(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// The value as a payload.
    pub fn finish(self) -> Result<Payload> {
        Ok(Payload::from_cbor(self.encoder.into_writer())?)
    }

    fn enter(&mut self, len: usize) -> Result<()> {
        if self.depth == DEPTH_MAX {
            let message =
                format!("the payload is nested deeper than {DEPTH_MAX}, or contains itself");
            return Err(Failure::invalid("", message));
        }
        self.check_room(len)?;
        self.depth += 1;
        Ok(())
    }

    /// Stops early: a value that is far too large is not copied first.
    fn check_room(&self, len: usize) -> Result<()> {
        let bytes = self.encoder.writer().len().saturating_add(len);
        if bytes > BYTES_MAX {
            let message = "a payload must have at most 1 MiB; store larger things as blobs";
            return Err(Failure::invalid("", message).with("bytes", bytes.to_string()));
        }
        Ok(())
    }
}

/// Writing to memory cannot fail, which `minicbor` cannot say for every writer.
fn infallible<E: std::fmt::Debug>(written: Result<(), E>) {
    written.expect("writing to a vector cannot fail");
}

/// One item of a payload.
#[derive(Clone, Debug, PartialEq)]
pub enum Item<'a> {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer from -2^63 to 2^64 - 1.
    Integer(i128),
    /// A floating point number.
    Float(f64),
    /// A text.
    Text(&'a str),
    /// A text in pieces, put together.
    LongText(String),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Bytes in pieces, put together.
    LongBytes(Vec<u8>),
    /// So many items follow, or items up to [`Item::Break`].
    List(Option<u64>),
    /// So many keys with values follow, or these up to [`Item::Break`].
    Map(Option<u64>),
    /// The end of a list or map without length.
    Break,
}

/// Reads one value from front to back.
pub struct PayloadReader<'a>(Decoder<'a>);

impl<'a> PayloadReader<'a> {
    /// From the bytes of a payload.
    #[must_use]
    pub fn new(cbor: &'a [u8]) -> Self {
        Self(Decoder::new(cbor))
    }

    /// The next item. CBOR tags are passed over: what they tag is the value.
    pub fn item(&mut self) -> Result<Item<'a>> {
        self.read().map_err(|error| {
            let message = format!("the payload cannot be read: {error}");
            Failure::new(ErrorKind::Corrupt, "", message)
        })
    }

    /// The next item of a list, or key of a map, of which so many are `left`, or all up to a break;
    /// nothing at the end.
    pub fn next_of(&mut self, left: &mut Option<u64>) -> Result<Option<Item<'a>>> {
        match left {
            Some(0) => return Ok(None),
            Some(count) => *count -= 1,
            None => {}
        }
        let item = self.item()?;
        Ok((item != Item::Break).then_some(item))
    }

    fn read(&mut self) -> Result<Item<'a>, minicbor::decode::Error> {
        let decoder = &mut self.0;
        while decoder.datatype()? == Type::Tag {
            decoder.tag()?;
        }
        Ok(match decoder.datatype()? {
            Type::Null => decoder.null().map(|()| Item::Null)?,
            Type::Undefined => decoder.undefined().map(|()| Item::Null)?,
            Type::Bool => Item::Bool(decoder.bool()?),
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => Item::Integer(decoder.u64()?.into()),
            Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => {
                Item::Integer(decoder.int()?.into())
            }
            Type::F16 | Type::F32 | Type::F64 => Item::Float(decoder.f64()?),
            Type::Simple => Item::Integer(decoder.simple()?.into()),
            Type::String => Item::Text(decoder.str()?),
            Type::StringIndef => Item::LongText(decoder.str_iter()?.collect::<Result<_, _>>()?),
            Type::Bytes => Item::Bytes(decoder.bytes()?),
            Type::BytesIndef => {
                let pieces: Vec<&[u8]> = decoder.bytes_iter()?.collect::<Result<_, _>>()?;
                Item::LongBytes(pieces.concat())
            }
            Type::Array | Type::ArrayIndef => Item::List(decoder.array()?),
            Type::Map | Type::MapIndef => Item::Map(decoder.map()?),
            Type::Break => {
                decoder.set_position(decoder.position() + 1);
                Item::Break
            }
            other => return Err(minicbor::decode::Error::type_mismatch(other)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = PayloadWriter::new();
        writer.begin_map(2).unwrap();
        writer.text("list").unwrap();
        writer.begin_list(6).unwrap();
        writer.null();
        writer.bool(true);
        writer.integer(i64::MIN);
        writer.unsigned(u64::MAX);
        writer.float(0.5);
        writer.bytes(&[0, 255]).unwrap();
        writer.end();
        writer.text("empty").unwrap();
        writer.text("").unwrap();
        writer.end();
        let payload = writer.finish().unwrap();
        let mut reader = PayloadReader::new(payload.as_cbor());
        let expected = [
            Item::Map(Some(2)),
            Item::Text("list"),
            Item::List(Some(6)),
            Item::Null,
            Item::Bool(true),
            Item::Integer(i64::MIN.into()),
            Item::Integer(u64::MAX.into()),
            Item::Float(0.5),
            Item::Bytes(&[0, 255]),
            Item::Text("empty"),
            Item::Text(""),
        ];
        for item in expected {
            assert_eq!(reader.item().unwrap(), item);
        }
        assert!(reader.item().is_err());
    }

    #[test]
    fn values_of_other_writers_are_read() {
        // Tag 0 on a text in pieces; half a float; a list without length; a negative integer.
        let cbor = [
            0xc0, 0x7f, 0x61, 0x61, 0x61, 0x62, 0xff, 0xf9, 0x3e, 0x00, 0x9f, 0xf7, 0xff, 0x3b,
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ];
        let mut reader = PayloadReader::new(&cbor);
        let expected = [
            Item::LongText("ab".to_owned()),
            Item::Float(1.5),
            Item::List(None),
            Item::Null,
            Item::Break,
            Item::Integer(-(1 << 64)),
        ];
        for item in expected {
            assert_eq!(reader.item().unwrap(), item);
        }
    }

    #[test]
    fn depth_is_bounded_as_the_engine_bounds_it() {
        let mut writer = PayloadWriter::new();
        for _ in 0..DEPTH_MAX {
            writer.begin_list(1).unwrap();
        }
        let failure = writer.begin_list(1).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::InvalidArgument);
        writer.null();
        let payload = writer.finish().unwrap();
        let deeper = [&[0x81], payload.as_cbor()].concat();
        assert!(Payload::from_cbor(deeper).is_err());
    }

    #[test]
    fn size_is_bounded_as_the_engine_bounds_it() {
        let mut writer = PayloadWriter::new();
        assert!(writer.bytes(&vec![0; BYTES_MAX + 1]).is_err());
        assert!(writer.begin_list(BYTES_MAX + 1).is_err());
        let head = 5;
        let payload = |len: usize| {
            let mut writer = PayloadWriter::new();
            writer.bytes(&vec![0; len]).unwrap();
            writer.finish()
        };
        assert!(payload(BYTES_MAX - head).is_ok());
        assert!(payload(BYTES_MAX - head + 1).is_err());
    }
}
