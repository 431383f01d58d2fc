//! Offsets as clients write them: an object from stream to number, where -1 means nothing of it.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use swarmlet::{Offset, Offsets, StreamId};

/// Offsets on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bounds(pub(crate) Offsets);

impl Serialize for Bounds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (stream, offset) in self.0.iter() {
            map.serialize_entry(&Shown(stream), &offset.get())?;
        }
        map.end()
    }
}

/// A stream by its text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown(pub(crate) StreamId);

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bounds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(BoundsVisitor)
    }
}

struct BoundsVisitor;

impl<'de> Visitor<'de> for BoundsVisitor {
    type Value = Bounds;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object from streams to offsets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bounds, A::Error> {
        let mut offsets = Offsets::new();
        while let Some(Stream(stream)) = map.next_key()? {
            if let Last(Some(last)) = map.next_value()? {
                offsets.set(stream, last);
            }
        }
        Ok(Bounds(offsets))
    }
}

struct Stream(StreamId);

impl<'de> Deserialize<'de> for Stream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = text.parse().map(Self);
        parsed.map_err(|_| de::Error::custom("parsing StreamId"))
    }
}

/// The last offset, if there is one.
struct Last(Option<Offset>);

impl<'de> Deserialize<'de> for Last {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LastVisitor).map(Self)
    }
}

struct LastVisitor;

impl Visitor<'_> for LastVisitor {
    type Value = Option<Offset>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an offset, -1, \"min\" or \"max\"")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Option<Offset>, E> {
        let offset = Offset::new(number);
        offset
            .map(Some)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Option<Offset>, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) if number == -1 => Ok(None),
            Err(_) => Err(E::invalid_value(de::Unexpected::Signed(number), &self)),
        }
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Option<Offset>, E> {
        let is_exact = number.fract() == 0.0 && number.abs() <= Offset::MAX.get() as f64;
        if is_exact {
            self.visit_i64(number as i64)
        } else {
            Err(E::invalid_value(de::Unexpected::Float(number), &self))
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<Offset>, E> {
        match text {
            "min" => Ok(None),
            "max" => Ok(Some(Offset::MAX)),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "aaaabbbbccccddddeeeeffffgggghhhhiiiijjjjkkk-3";

    fn last(value: &str) -> Result<Option<u64>, String> {
        let text = format!("{{\"{STREAM}\": {value}}}");
        let bounds: Bounds = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        Ok(bounds.0.last(STREAM.parse().unwrap()).map(Offset::get))
    }

    #[test]
    fn an_offset_is_written_in_many_ways() {
        for (text, offset) in [
            ("0", Some(0)),
            ("5.0", Some(5)),
            ("1e3", Some(1000)),
            ("-1", None),
            ("-1.0", None),
            ("\"min\"", None),
            ("\"max\"", Some((1 << 53) - 1)),
            ("9007199254740991", Some((1 << 53) - 1)),
        ] {
            assert_eq!(last(text), Ok(offset), "{text}");
        }
        for text in [
            "-2",
            "0.5",
            "9007199254740992",
            "1e300",
            "\"\"",
            "null",
            "[]",
        ] {
            assert!(last(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_stream_that_is_none_is_told_with_its_place() {
        let error = serde_json::from_str::<Bounds>("{\"foo\": 1}").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("parsing StreamId at line 1 column")
        );
    }
}
