//! Payloads as values of the query language, and back.
//!
//! CBOR knows more than the language: what the language has no value for becomes one of the kind
//! `Other`, with the name that diagnostics call it. Times are texts with CBOR's tag 0, so that
//! readers who do not know tags find the text.

use minicbor::data::{IanaTag, Tag, Type};
use minicbor::{Decoder, Encoder};
use swarmlet_aql::{Number, Value, ValueError, parse_time};
use swarmlet_engine::event::Payload;
use swarmlet_engine::{Error, Result};

use crate::json::has_more;

/// The value of a payload. Payloads are bounded in depth, so this may recurse.
pub(super) fn decode(payload: &Payload) -> Value {
    let mut decoder = Decoder::new(payload.as_cbor());
    value(&mut decoder).unwrap_or_else(|_| other("CBOR"))
}

/// The payload of a value.
///
/// # Errors
///
/// `invalid_argument` if it is larger than a payload may be.
pub(super) fn encode(value: &Value) -> Result<Payload> {
    let mut encoder = Encoder::new(Vec::with_capacity(64));
    write(&mut encoder, value)
        .map_err(|error| Error::invalid("the value cannot be encoded").because(error))?;
    Payload::from_cbor(encoder.into_writer())
}

fn other(name: &str) -> Value {
    Value::Other(name.into())
}

fn value(decoder: &mut Decoder<'_>) -> Result<Value, minicbor::decode::Error> {
    Ok(match decoder.datatype()? {
        Type::Null => decoder.null().map(|()| Value::Null)?,
        Type::Undefined => decoder.undefined().map(|()| Value::Null)?,
        Type::Bool => Value::Bool(decoder.bool()?),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => Value::from(decoder.u64()?),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => {
            Number::integer(decoder.int()?.into()).map_or_else(|| other("Integer"), Value::from)
        }
        Type::F16 | Type::F32 | Type::F64 => {
            Value::float(decoder.f64()?).unwrap_or_else(|| other("Float"))
        }
        Type::String => Value::string(decoder.str()?),
        Type::StringIndef => {
            let pieces: Vec<&str> = decoder.str_iter()?.collect::<Result<_, _>>()?;
            Value::string(&pieces.concat())
        }
        Type::Bytes => Value::Bytes(decoder.bytes()?.into()),
        Type::BytesIndef => {
            let pieces: Vec<&[u8]> = decoder.bytes_iter()?.collect::<Result<_, _>>()?;
            Value::Bytes(pieces.concat().into())
        }
        Type::Array | Type::ArrayIndef => array(decoder)?,
        Type::Map | Type::MapIndef => object(decoder)?,
        Type::Tag => tagged(decoder)?,
        _ => {
            decoder.skip()?;
            other("Simple")
        }
    })
}

fn array(decoder: &mut Decoder<'_>) -> Result<Value, minicbor::decode::Error> {
    let mut left = decoder.array()?;
    let mut items = Vec::new();
    while has_more(decoder, &mut left)? {
        items.push(value(decoder)?);
    }
    Ok(Value::array(items).unwrap_or_else(too_large))
}

/// Positions are names: their digits. Other keys than texts and positions the language lacks.
fn object(decoder: &mut Decoder<'_>) -> Result<Value, minicbor::decode::Error> {
    let mut left = decoder.map()?;
    let mut properties = Vec::new();
    let mut is_foreign = false;
    while has_more(decoder, &mut left)? {
        let name = match value(decoder)? {
            Value::String(name) => Some(name),
            Value::Number(Number::Integer(position)) if position >= 0 => {
                Some(position.to_string().into())
            }
            _ => None,
        };
        let value = value(decoder)?;
        match name {
            Some(name) => properties.push((name, value)),
            None => is_foreign = true,
        }
    }
    if is_foreign {
        return Ok(other("Map"));
    }
    Ok(Value::object(properties).unwrap_or_else(too_large))
}

fn tagged(decoder: &mut Decoder<'_>) -> Result<Value, minicbor::decode::Error> {
    let tag = IanaTag::try_from(decoder.tag()?);
    let inner = value(decoder)?;
    Ok(match (tag, inner) {
        (Ok(IanaTag::DateTime), Value::String(text)) => {
            parse_time(&text).map_or(Value::String(text), Value::Timestamp)
        }
        (Ok(IanaTag::PosBignum | IanaTag::NegBignum), Value::Bytes(_)) => other("BigInteger"),
        (Ok(IanaTag::Decimal | IanaTag::Bigfloat), Value::Array(_)) => other("BigDecimal"),
        // What a tag nobody knows is attached to is the value.
        (_, inner) => inner,
    })
}

fn too_large(error: ValueError) -> Value {
    other(match error {
        ValueError::TooDeep => "TooDeep",
        ValueError::TooLarge => "TooLarge",
    })
}

type Written<W> = Result<(), minicbor::encode::Error<W>>;

/// Values are bounded in depth, so this may recurse.
fn write(encoder: &mut Encoder<Vec<u8>>, value: &Value) -> Written<std::convert::Infallible> {
    match value {
        Value::Null => encoder.null()?,
        Value::Bool(value) => encoder.bool(*value)?,
        Value::Number(Number::Integer(number)) => {
            let number = minicbor::data::Int::try_from(*number);
            encoder.int(number.map_err(minicbor::encode::Error::message)?)?
        }
        Value::Number(Number::Float(number)) => encoder.f64(number.value())?,
        Value::String(text) => encoder.str(text)?,
        Value::Bytes(bytes) => encoder.bytes(bytes)?,
        Value::Timestamp(_) => encoder
            .tag(Tag::from(IanaTag::DateTime))?
            .str(&value.to_string())?,
        Value::Array(array) => {
            encoder.array(array.items().len() as u64)?;
            for item in array.items() {
                write(encoder, item)?;
            }
            encoder
        }
        Value::Object(object) => {
            encoder.map(object.properties().len() as u64)?;
            for (name, value) in object.properties() {
                encoder.str(name)?;
                write(encoder, value)?;
            }
            encoder
        }
        Value::Other(name) => encoder.str(name)?,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(cbor: &[u8]) -> Payload {
        Payload::from_cbor(cbor.to_vec()).unwrap()
    }

    #[test]
    fn values_come_back_as_they_went() {
        let time = Value::Timestamp(1_700_000_000_123_456);
        let object = Value::object([
            ("bytes".into(), Value::Bytes([0, 255].as_slice().into())),
            ("least".into(), Value::from(i64::MIN)),
            (
                "list".into(),
                Value::array(vec![Value::Null, time]).unwrap(),
            ),
            ("most".into(), Value::from(u64::MAX)),
            ("half".into(), Value::float(0.5).unwrap()),
        ]);
        let object = object.unwrap();
        assert_eq!(decode(&encode(&object).unwrap()), object);
    }

    #[test]
    fn what_the_language_lacks_has_a_name() {
        for (cbor, shown) in [
            (&[0xc2, 0x41, 0x01][..], "BigInteger"),
            (&[0xc4, 0x82, 0x00, 0x01], "BigDecimal"),
            (&[0xf9, 0x7c, 0x00], "Float"),
            (&[0xa1, 0xf4, 0x01], "Map"),
            (&[0xe0], "Simple"),
            (&[0xc0, 0x61, b'x'], "\"x\""),
            (&[0xd8, 0x64, 0x07], "7"),
            (&[0xa1, 0x07, 0x01], "{\"7\":1}"),
            (&[0x9f, 0xf7, 0xff], "[null]"),
        ] {
            assert_eq!(decode(&payload(cbor)).to_string(), shown);
        }
    }

    #[test]
    fn a_value_larger_than_a_payload_is_refused() {
        let text = Value::string(&"x".repeat(1024 * 1024));
        assert!(encode(&text).is_err());
    }
}
