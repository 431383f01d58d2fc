//! CBOR to JSON, written as it is read.

use std::cell::RefCell;

use data_encoding::BASE64;
use minicbor::Decoder;
use minicbor::data::Type;
use serde::ser::{self, Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use swarmlet_engine::event::Payload;

/// A payload that is written as JSON, alone or in something larger.
///
/// JSON knows less than a payload does: bytes become base64 text, infinities and not-a-number null,
/// keys that are no text their JSON text. Numbers keep all their digits, keys their order.
#[derive(Clone, Copy, Debug)]
pub struct ToJson<'a>(pub &'a Payload);

impl Serialize for ToJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let decoder = RefCell::new(Decoder::new(self.0.as_cbor()));
        Item(&decoder).serialize(serializer)
    }
}

/// The next item. Payloads are bounded in depth, so this may recurse.
struct Item<'a, 'b>(&'a RefCell<Decoder<'b>>);

impl Serialize for Item<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = self.read(|decoder| decoder.datatype())?;
        match kind {
            Type::Bool => serializer.serialize_bool(self.read(Decoder::bool)?),
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
                serializer.serialize_u64(self.read(Decoder::u64)?)
            }
            Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => {
                serializer.serialize_i64(self.read(Decoder::i64)?)
            }
            // What is not finite becomes null.
            Type::F16 | Type::F32 | Type::F64 => serializer.serialize_f64(self.read(Decoder::f64)?),
            Type::String => serializer.serialize_str(self.read(Decoder::str)?),
            Type::Bytes => serializer.serialize_str(&BASE64.encode(self.read(Decoder::bytes)?)),
            Type::Simple => serializer.serialize_u8(self.read(Decoder::simple)?),
            Type::Array | Type::ArrayIndef => self.array(serializer),
            Type::Map | Type::MapIndef => self.map(serializer),
            Type::Tag => {
                self.read(Decoder::tag)?;
                self.serialize(serializer)
            }
            _ => {
                self.read(Decoder::skip)?;
                serializer.serialize_unit()
            }
        }
    }
}

impl<'b> Item<'_, 'b> {
    fn read<T, E: ser::Error>(
        &self,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, minicbor::decode::Error>,
    ) -> Result<T, E> {
        read(&mut self.0.borrow_mut()).map_err(ser::Error::custom)
    }

    fn array<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut left = self.read(Decoder::array)?;
        let mut array = serializer.serialize_seq(None)?;
        while self.read(|decoder| has_more(decoder, &mut left))? {
            array.serialize_element(self)?;
        }
        array.end()
    }

    fn map<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut left = self.read(Decoder::map)?;
        let mut map = serializer.serialize_map(None)?;
        while self.read(|decoder| has_more(decoder, &mut left))? {
            map.serialize_key(&self.key()?)?;
            map.serialize_value(self)?;
        }
        map.end()
    }

    fn key<E: ser::Error>(&self) -> Result<String, E> {
        let value = serde_json::to_value(self).map_err(ser::Error::custom)?;
        Ok(match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        })
    }
}

/// Whether an item follows in an array or map with so many left, or with an end of its own.
pub(crate) fn has_more(
    decoder: &mut Decoder<'_>,
    left: &mut Option<u64>,
) -> Result<bool, minicbor::decode::Error> {
    match left {
        Some(0) => Ok(false),
        Some(count) => {
            *count -= 1;
            Ok(true)
        }
        None if decoder.datatype()? == Type::Break => {
            decoder.set_position(decoder.position() + 1);
            Ok(false)
        }
        None => Ok(true),
    }
}
