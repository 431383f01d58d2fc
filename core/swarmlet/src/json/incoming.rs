//! JSON to CBOR, written as it is read: a value in between would take many times the memory of its
//! text.

use std::fmt;

use minicbor::Encoder;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use swarmlet_engine::event::Payload;

use swarmlet_engine::limits::PAYLOAD_BYTES_MAX;

/// A payload that is read from JSON, alone or in something larger.
///
/// A number without fraction and exponent that fits into 64 bits is an integer, every other one a
/// floating point number. Of equal keys the last counts. What is too large is refused while it is
/// read.
#[derive(Clone, Debug, PartialEq)]
pub struct FromJson(pub Payload);

impl<'de> Deserialize<'de> for FromJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut cbor = Vec::new();
        Item(&mut cbor).deserialize(deserializer)?;
        let payload = Payload::from_cbor(cbor);
        payload
            .map(Self)
            .map_err(|error| de::Error::custom(error.message()))
    }
}

/// Writes the next value. How deep it may be is bounded by whoever reads the text, and checked of
/// the payload.
pub(super) struct Item<'a>(pub(super) &'a mut Vec<u8>);

impl Item<'_> {
    fn write<E: de::Error>(
        self,
        write: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Written,
    ) -> Result<(), E> {
        write(&mut Encoder::new(self.0)).map_err(de::Error::custom)
    }
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.0.len() > PAYLOAD_BYTES_MAX {
            // What the node would say, before all of it was read.
            let text = "a payload must have at most 1 MiB; store larger things as blobs";
            return Err(de::Error::custom(text));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a payload")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.write(|encoder| encoder.null().map(drop))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.write(|encoder| encoder.bool(value).map(drop))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.write(|encoder| encoder.u64(value).map(drop))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.write(|encoder| encoder.i64(value).map(drop))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.write(|encoder| encoder.f64(value).map(drop))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.write(|encoder| encoder.str(value).map(drop))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let head = begin(self.0);
        let mut count = 0;
        while array.next_element_seed(Item(self.0))?.is_some() {
            count += 1;
        }
        end(self.0, head, ARRAY, count);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let head = begin(self.0);
        let mut entries = Vec::new();
        loop {
            let key = self.0.len();
            if object.next_key_seed(Item(self.0))?.is_none() {
                break;
            }
            let value = self.0.len();
            object.next_value_seed(Item(self.0))?;
            entries.push(Entry { key, value });
        }
        let count = keep_last(self.0, &entries);
        end(self.0, head, MAP, count);
        Ok(())
    }
}

/// Where the key and the value of one entry of an object begin.
#[derive(Clone, Copy)]
struct Entry {
    key: usize,
    value: usize,
}

/// Of entries with the same key the last one counts. Says how many are left.
fn keep_last(cbor: &mut Vec<u8>, entries: &[Entry]) -> usize {
    let key = |index: usize| &cbor[entries[index].key..entries[index].value];
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|index| key(*index));
    let pairs = order.windows(2);
    let repeated = pairs.filter(|pair| key(pair[0]) == key(pair[1]));
    let mut gone: Vec<usize> = repeated.map(|pair| pair[0]).collect();
    let Some(first) = entries.first().filter(|_| !gone.is_empty()) else {
        return entries.len();
    };
    gone.sort_unstable();
    let mut left = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        if gone.binary_search(&index).is_err() {
            let end = entries.get(index + 1).map_or(cbor.len(), |next| next.key);
            left.extend_from_slice(&cbor[entry.key..end]);
        }
    }
    cbor.truncate(first.key);
    cbor.extend(left);
    entries.len() - gone.len()
}

/// Leaves a byte for the head of what follows, of which nobody knows yet how many there are.
fn begin(cbor: &mut Vec<u8>) -> usize {
    cbor.push(0);
    cbor.len() - 1
}

/// Few are counted in the byte that was left; many have an end instead.
fn end(cbor: &mut Vec<u8>, head: usize, kind: u8, count: usize) {
    match u8::try_from(count) {
        Ok(count) if count < 24 => cbor[head] = kind | count,
        _ => {
            cbor[head] = kind | WITH_END;
            cbor.push(END);
        }
    }
}

const ARRAY: u8 = 0x80;
const MAP: u8 = 0xa0;
const WITH_END: u8 = 0x1f;
const END: u8 = 0xff;
