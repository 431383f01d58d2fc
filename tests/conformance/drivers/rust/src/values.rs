//! Payloads in the notation of the protocol, through serde, as an app with a type of its own does.

use std::fmt;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use swarmlet::Payload;

use crate::trouble::Trouble;

/// What the protocol says, as a payload.
pub(crate) fn payload(value: &Value) -> Result<Payload, Trouble> {
    Payload::from_serde(&Own::parse(value)?).map_err(Trouble::Value)
}

/// A payload in the notation of the protocol.
pub(crate) fn written(payload: &Payload) -> Result<Value, Trouble> {
    let own: Own = payload.to_serde().map_err(Trouble::Value)?;
    Ok(own.write())
}

/// Whatever a payload can be.
#[derive(Clone, Debug, PartialEq)]
enum Own {
    Null,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Own>),
    Map(Vec<(String, Own)>),
}

/// The largest integer that every reader of JSON keeps.
const SAFE: u64 = (1 << 53) - 1;

impl Own {
    fn parse(value: &Value) -> Result<Self, Trouble> {
        Ok(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Self::Signed(integer),
                (None, Some(float)) => Self::Float(float),
                (None, None) => return Err(Trouble::broken(format!("the number {number}"))),
            },
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => {
                Self::List(items.iter().map(Self::parse).collect::<Result<_, _>>()?)
            }
            Value::Object(fields) => match fields.iter().next() {
                Some((name, inner)) if name.starts_with('$') => Self::parse_noted(name, inner)?,
                _ => {
                    let fields = fields.iter();
                    let fields = fields.map(|(key, value)| Ok((key.clone(), Self::parse(value)?)));
                    Self::Map(fields.collect::<Result<_, Trouble>>()?)
                }
            },
        })
    }

    fn parse_noted(name: &str, inner: &Value) -> Result<Self, Trouble> {
        let wrong = || Trouble::broken(format!("{name} of {inner}"));
        let text = inner.as_str();
        match name {
            "$int" => {
                let text = text.ok_or_else(wrong)?;
                let signed = text.parse().map(Self::Signed);
                let integer = signed.or_else(|_| text.parse().map(Self::Unsigned));
                integer.map_err(|_| Trouble::type_of("i64 or u64", inner))
            }
            "$float" => {
                let float = text.and_then(|text| text.parse().ok());
                float.map(Self::Float).ok_or_else(wrong)
            }
            "$bytes" => {
                let digits = text.ok_or_else(wrong)?.as_bytes().chunks(2);
                let byte =
                    |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
                let bytes = digits.map(byte).collect::<Option<_>>();
                bytes.map(Self::Bytes).ok_or_else(wrong)
            }
            "$map" => {
                let pairs = inner.as_array().ok_or_else(wrong)?.iter();
                let pairs = pairs.map(|pair| {
                    let key = pair[0].as_str().ok_or_else(wrong)?;
                    Ok((key.to_owned(), Self::parse(&pair[1])?))
                });
                pairs.collect::<Result<_, Trouble>>().map(Self::Map)
            }
            _ => Err(Trouble::type_of("a payload", inner)),
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => json!(value),
            Self::Signed(integer) if integer.unsigned_abs() <= SAFE => json!(integer),
            Self::Signed(integer) => json!({"$int": integer.to_string()}),
            Self::Unsigned(integer) if *integer <= SAFE => json!(integer),
            Self::Unsigned(integer) => json!({"$int": integer.to_string()}),
            Self::Float(float) if float.is_finite() && float.fract() != 0.0 => json!(float),
            Self::Float(float) => json!({"$float": float.to_string()}),
            Self::Text(text) => json!(text),
            Self::Bytes(bytes) => {
                let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                json!({"$bytes": digits.concat()})
            }
            Self::List(items) => items.iter().map(Self::write).collect(),
            Self::Map(fields) if fields.iter().any(|(key, _)| key.starts_with('$')) => {
                let pairs = fields
                    .iter()
                    .map(|(key, value)| json!([key, value.write()]));
                json!({"$map": pairs.collect::<Vec<_>>()})
            }
            Self::Map(fields) => fields
                .iter()
                .map(|(key, value)| (key.clone(), value.write()))
                .collect(),
        }
    }
}

impl Serialize for Own {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => out.serialize_unit(),
            Self::Bool(value) => out.serialize_bool(*value),
            Self::Signed(integer) => out.serialize_i64(*integer),
            Self::Unsigned(integer) => out.serialize_u64(*integer),
            Self::Float(float) => out.serialize_f64(*float),
            Self::Text(text) => out.serialize_str(text),
            Self::Bytes(bytes) => out.serialize_bytes(bytes),
            Self::List(items) => {
                let mut list = out.serialize_seq(Some(items.len()))?;
                items
                    .iter()
                    .try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Self::Map(fields) => {
                let mut map = out.serialize_map(Some(fields.len()))?;
                fields
                    .iter()
                    .try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Own {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Own;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a payload")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Own, E> {
        Ok(Own::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Own, E> {
        Ok(Own::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, input: D) -> Result<Own, D::Error> {
        input.deserialize_any(self)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Own, E> {
        Ok(Own::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, integer: i64) -> Result<Own, E> {
        Ok(Own::Signed(integer))
    }

    fn visit_u64<E: de::Error>(self, integer: u64) -> Result<Own, E> {
        Ok(Own::Unsigned(integer))
    }

    fn visit_f64<E: de::Error>(self, float: f64) -> Result<Own, E> {
        Ok(Own::Float(float))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Own, E> {
        Ok(Own::Text(text.to_owned()))
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Own, E> {
        Ok(Own::Bytes(bytes.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Own, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Own::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Own, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Own::Map(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_comes_back() {
        for value in [
            json!(null),
            json!(9_007_199_254_740_991_u64),
            json!({"$int": "9007199254740992"}),
            json!({"$int": "-9223372036854775808"}),
            json!({"$int": "18446744073709551615"}),
            json!({"$float": "2"}),
            json!({"$float": "-0"}),
            json!({"$float": "NaN"}),
            json!(-2.5),
            json!({"$bytes": "00ff"}),
            json!({"a": [{"$map": [["$a", 1]]}, true, "x\u{0}"]}),
        ] {
            assert_eq!(written(&payload(&value).unwrap()).unwrap(), value);
        }
    }

    #[test]
    fn what_types_do_not_allow_is_refused() {
        for value in [json!({"$int": "18446744073709551616"}), json!({"$time": 1})] {
            assert!(
                matches!(payload(&value), Err(Trouble::Refused(_))),
                "{value}"
            );
        }
    }
}
