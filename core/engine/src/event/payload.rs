//! Payloads: any JSON-like value, as CBOR.

use std::fmt;

use bytes::Bytes;
use minicbor::data::Token;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{Malformed, Reader};
use crate::error::{Error, Result};
use crate::limits::{PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX};

/// One well-formed CBOR value (RFC 8949) of at most 1 MiB, nested at most 128 deep, whose integers
/// are at least -2^63: below that CBOR has more, of which most languages can make no value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Payload(Bytes);

impl Payload {
    /// Checks and takes encoded CBOR.
    pub fn from_cbor(cbor: impl Into<Bytes>) -> Result<Self> {
        let cbor = cbor.into();
        check_len(cbor.len())?;
        check_well_formed(&cbor)?;
        Ok(Self(cbor))
    }

    /// Encodes a value through serde.
    pub fn from_serde<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        let mut serializer = minicbor_serde::Serializer::new(Vec::new());
        value
            .serialize(serializer.serialize_unit_as_null(true))
            .map_err(|error| {
                Error::invalid("the payload cannot be encoded as CBOR").because(error.to_string())
            })?;
        Self::from_cbor(serializer.into_encoder().into_writer())
    }

    /// Decodes the value through serde. CBOR tags are passed over: what they tag is the value, so a
    /// time is its text.
    pub fn to_serde<T: DeserializeOwned>(&self) -> Result<T> {
        let decode = |cbor: &[u8]| T::deserialize(&mut minicbor_serde::Deserializer::new(cbor));
        let decoded = decode(&self.0).or_else(|error| match untagged(&self.0) {
            Some(untagged) => decode(&untagged),
            None => Err(error),
        });
        decoded.map_err(|error| {
            Error::invalid("the payload does not have the expected shape")
                .because(error.to_string())
        })
    }

    /// The CBOR bytes.
    #[must_use]
    pub fn as_cbor(&self) -> &[u8] {
        &self.0
    }

    /// Wraps bytes that were checked when they were published or received.
    pub(super) fn from_checked(cbor: Bytes) -> Self {
        Self(cbor)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Payload({})", minicbor::display(&self.0))
    }
}

/// The same CBOR without tags; nothing if it has none. Serde has no tags, and its decoder refuses
/// them.
fn untagged(cbor: &[u8]) -> Option<Vec<u8>> {
    let tokens: Result<Vec<Token<'_>>, _> = minicbor::Decoder::new(cbor).tokens().collect();
    let mut tokens = tokens.ok()?;
    let count = tokens.len();
    tokens.retain(|token| !matches!(token, Token::Tag(_)));
    if tokens.len() == count {
        return None;
    }
    let mut encoder = minicbor::Encoder::new(Vec::with_capacity(cbor.len()));
    let written = encoder.tokens(&tokens);
    written.ok().map(|()| encoder.into_writer())
}

/// Refuses a payload over the bound.
pub(super) fn check_len(len: usize) -> Result<()> {
    if len > PAYLOAD_BYTES_MAX {
        return Err(Error::invalid(
            "a payload must have at most 1 MiB; store larger things as blobs",
        )
        .with("bytes", len));
    }
    Ok(())
}

/// Refuses anything but exactly one well-formed item within the bounds, without recursion.
pub(super) fn check_well_formed(cbor: &[u8]) -> Result<()> {
    let mut reader = Reader::new(cbor);
    let mut open = Vec::new();
    loop {
        let step = check_item(&mut reader, &mut open).and_then(|()| match open.is_empty() {
            true => reader.finish(),
            false => Ok(()),
        });
        step.map_err(|error| Error::invalid("the CBOR of a payload is refused").because(error))?;
        if open.is_empty() {
            return Ok(());
        }
    }
}

/// What an enclosing array, map or CBOR tag still expects.
enum Expected {
    Items(u64),
    ItemsUntilBreak,
    PairsUntilBreak { has_key: bool },
}

/// Reads one head, with the bytes of a string, and closes what it completes.
fn check_item(reader: &mut Reader<'_>, open: &mut Vec<Expected>) -> Result<(), Malformed> {
    let head = reader.u8()?;
    let (major, info) = (head >> 5, head & 0x1f);
    if head == BREAK {
        match open.pop() {
            Some(Expected::ItemsUntilBreak | Expected::PairsUntilBreak { has_key: false }) => {}
            _ => return Err(reader.malformed("unexpected break")),
        }
        close_complete(open);
        return Ok(());
    }
    let argument = match info {
        0..=23 => u64::from(info),
        24 => u64::from(reader.u8()?),
        25 => u64::from(u16::from_be_bytes(reader.array()?)),
        26 => u64::from(u32::from_be_bytes(reader.array()?)),
        27 => u64::from_be_bytes(reader.array()?),
        31 if major == 4 => return enter(reader, open, Expected::ItemsUntilBreak),
        31 if major == 5 => {
            return enter(reader, open, Expected::PairsUntilBreak { has_key: false });
        }
        _ => return Err(reader.malformed("reserved or chunked item")),
    };
    match major {
        1 if i64::try_from(argument).is_err() => {
            return Err(reader.malformed("an integer is below -2^63"));
        }
        2 => reader
            .take(usize::try_from(argument).unwrap_or(usize::MAX))
            .map(|_| ())?,
        3 => check_text(reader, argument)?,
        4 => return enter(reader, open, Expected::Items(argument)),
        5 => return enter(reader, open, Expected::Items(argument.saturating_mul(2))),
        6 => return enter(reader, open, Expected::Items(1)),
        7 if info == 24 && argument < 32 => {
            return Err(reader.malformed("simple value is not in its only form"));
        }
        _ => {}
    }
    close_complete(open);
    Ok(())
}

fn check_text(reader: &mut Reader<'_>, len: u64) -> Result<(), Malformed> {
    let text = reader.take(usize::try_from(len).unwrap_or(usize::MAX))?;
    std::str::from_utf8(text)
        .map(|_| ())
        .map_err(|_| reader.malformed("text is not UTF-8"))
}

fn enter(
    reader: &Reader<'_>,
    open: &mut Vec<Expected>,
    expected: Expected,
) -> Result<(), Malformed> {
    if matches!(expected, Expected::Items(0)) {
        close_complete(open);
        return Ok(());
    }
    if open.len() == PAYLOAD_DEPTH_MAX {
        return Err(reader.malformed("nested deeper than 128"));
    }
    open.push(expected);
    Ok(())
}

/// One item is done: whatever it was the last part of is done too.
fn close_complete(open: &mut Vec<Expected>) {
    loop {
        match open.last_mut() {
            Some(Expected::Items(remaining)) if *remaining > 1 => return *remaining -= 1,
            Some(Expected::Items(_)) => drop(open.pop()),
            Some(Expected::PairsUntilBreak { has_key }) => return *has_key = !*has_key,
            Some(Expected::ItemsUntilBreak) | None => return,
        }
    }
}

const BREAK: u8 = 0xff;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn json_round_trips() {
        let value = json!({"a": [1, -2, 2.5, null, true], "b": {"c": "text"}, "e": []});
        let payload = Payload::from_serde(&value).unwrap();
        assert_eq!(payload.to_serde::<Value>().unwrap(), value);
    }

    #[test]
    fn tags_are_passed_over() {
        // {"at": 0("x"), "n": [100(1), 2]}
        let cbor = b"\xa2\x62at\xc0\x61x\x61n\x82\xd8\x64\x01\x02";
        let payload = Payload::from_cbor(cbor.to_vec()).unwrap();
        let expected = json!({"at": "x", "n": [1, 2]});
        assert_eq!(payload.to_serde::<Value>().unwrap(), expected);
        let untagged = Payload::from_serde(&expected).unwrap();
        assert!(untagged.to_serde::<bool>().is_err());
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |depth: usize| [vec![0x81; depth], vec![0x00]].concat();
        assert!(Payload::from_cbor(nested(PAYLOAD_DEPTH_MAX)).is_ok());
        assert!(Payload::from_cbor(nested(PAYLOAD_DEPTH_MAX + 1)).is_err());
        let text = |len: usize| "x".repeat(len);
        assert!(Payload::from_serde(&text(PAYLOAD_BYTES_MAX - 5)).is_ok());
        assert!(Payload::from_serde(&text(PAYLOAD_BYTES_MAX - 4)).is_err());
    }

    #[test]
    fn malformed_cbor_is_refused() {
        let cases: [&[u8]; 9] = [
            b"",
            &[0x01, 0x01],
            &[0x82, 0x01],
            &[0xff],
            &[0x81, 0xff],
            &[0x9f, 0x01],
            &[0x62, 0xff, 0xfe],
            &[0x5f, 0x41, 0x00, 0xff],
            &[0x1c],
        ];
        for cbor in cases {
            assert!(Payload::from_cbor(cbor.to_vec()).is_err(), "{cbor:02x?}");
        }
        assert!(Payload::from_cbor(vec![0x9f, 0x01, 0xa0, 0xff]).is_ok());
    }

    #[test]
    fn an_open_map_has_a_value_for_each_key() {
        for cbor in [&[0xbf, 0x01, 0xff][..], &[0xbf, 0x01, 0x02, 0x03, 0xff]] {
            assert!(Payload::from_cbor(cbor.to_vec()).is_err(), "{cbor:02x?}");
        }
        let nested = vec![0xbf, 0x01, 0xbf, 0xff, 0x82, 0x02, 0x03, 0x04, 0xff];
        assert!(Payload::from_cbor(nested).is_ok());
    }

    #[test]
    fn simple_values_have_one_form() {
        assert!(Payload::from_cbor(vec![0xf8, 0x1f]).is_err());
        assert!(Payload::from_cbor(vec![0xf8, 0x20]).is_ok());
    }

    #[test]
    fn integers_are_those_that_every_language_has() {
        let least = [0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let greatest = [0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        for cbor in [&least[..], &greatest, &[0x20]] {
            assert!(Payload::from_cbor(cbor.to_vec()).is_ok(), "{cbor:02x?}");
        }
        let one_less = [0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0];
        for within in [&[][..], &[0x82, 0x00], &[0xa1, 0x00], &[0xbf], &[0xc1]] {
            let refused = Payload::from_cbor([within, &one_less].concat()).unwrap_err();
            assert!(refused.to_string().contains("below -2^63"), "{refused}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_checked_without_panic_as_minicbor_would(bytes: Vec<u8>) {
            if Payload::from_cbor(bytes.clone()).is_ok() {
                let mut decoder = minicbor::Decoder::new(&bytes);
                prop_assert!(decoder.skip().is_ok());
                prop_assert_eq!(decoder.position(), bytes.len());
            }
        }
    }
}
