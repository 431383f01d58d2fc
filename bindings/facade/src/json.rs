//! Payloads as JSON text, for languages and callers to whom CBOR is foreign.
//!
//! JSON knows less than a payload does: bytes become base64 text, infinities and not-a-number null,
//! keys that are no text their JSON text. Numbers keep all their digits.

use std::fmt::Write;

use serde::Deserialize as _;
use swarmlet::Payload;

use crate::failure::{Failure, Result};
use crate::payload::{DEPTH_MAX, Item, PayloadReader};

/// The payload of a JSON text.
///
/// A number without fraction and exponent that fits into 64 bits is an integer, every other one a
/// floating point number. Of equal keys the last counts; keys come in text order.
pub fn payload_of_json(json: &[u8]) -> Result<Payload> {
    if depth(json) > DEPTH_MAX {
        let message = format!("the payload is nested deeper than {DEPTH_MAX}");
        return Err(Failure::invalid("", message));
    }
    let mut reader = serde_json::Deserializer::from_slice(json);
    // Its own bound is one less than that of payloads.
    reader.disable_recursion_limit();
    let value = serde_json::Value::deserialize(&mut reader);
    let value = value.and_then(|value| reader.end().map(|()| value));
    let value = value.map_err(|error| {
        let message = format!("the payload is not JSON: {error}");
        Failure::invalid("", message)
    })?;
    Ok(Payload::from_serde(&value)?)
}

/// How deep a JSON text is nested; of a text that is none, at least as deep as a reader gets.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => depth += 1,
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The JSON text of a payload, on one line.
pub fn json_of_payload(payload: &Payload) -> Result<String> {
    let cbor = payload.as_cbor();
    let mut text = String::with_capacity(cbor.len() * 2);
    let mut reader = PayloadReader::new(cbor);
    let item = reader.item()?;
    write_value(&mut text, item, &mut reader)?;
    Ok(text)
}

/// Recursion is bounded, because the depth of a payload is.
fn write_value(text: &mut String, item: Item<'_>, reader: &mut PayloadReader<'_>) -> Result<()> {
    match item {
        Item::List(count) => {
            text.push('[');
            write_items(text, count, reader, |text, item, reader| {
                write_value(text, item, reader)
            })?;
            text.push(']');
        }
        Item::Map(count) => {
            text.push('{');
            write_items(text, count, reader, |text, key, reader| {
                write_key(text, key, reader)?;
                text.push(':');
                let value = reader.item()?;
                write_value(text, value, reader)
            })?;
            text.push('}');
        }
        scalar => write_scalar(text, &scalar),
    }
    Ok(())
}

fn write_items<'a>(
    text: &mut String,
    count: Option<u64>,
    reader: &mut PayloadReader<'a>,
    mut write: impl FnMut(&mut String, Item<'a>, &mut PayloadReader<'a>) -> Result<()>,
) -> Result<()> {
    let mut left = count;
    let mut is_first = true;
    while let Some(item) = reader.next_of(&mut left)? {
        if !std::mem::replace(&mut is_first, false) {
            text.push(',');
        }
        write(text, item, reader)?;
    }
    Ok(())
}

fn write_key(text: &mut String, key: Item<'_>, reader: &mut PayloadReader<'_>) -> Result<()> {
    if matches!(
        key,
        Item::Text(_) | Item::LongText(_) | Item::Bytes(_) | Item::LongBytes(_)
    ) {
        write_scalar(text, &key);
        return Ok(());
    }
    let mut inner = String::new();
    write_value(&mut inner, key, reader)?;
    write_text(text, &inner);
    Ok(())
}

fn write_scalar(text: &mut String, item: &Item<'_>) {
    match item {
        Item::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Item::Integer(value) => infallible(write!(text, "{value}")),
        Item::Float(value) if value.is_finite() => infallible(write!(text, "{value:?}")),
        Item::Text(value) => write_text(text, value),
        Item::LongText(value) => write_text(text, value),
        Item::Bytes(value) => write_base64(text, value),
        Item::LongBytes(value) => write_base64(text, value),
        _ => text.push_str("null"),
    }
}

fn write_text(text: &mut String, value: &str) {
    text.push_str(&serde_json::to_string(value).expect("a text can be written as JSON"));
}

fn write_base64(text: &mut String, bytes: &[u8]) {
    text.push('"');
    base64(text, bytes);
    text.push('"');
}

/// Adds the bytes as standard base64 with padding.
pub fn base64(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        for place in 0..=group.len() {
            text.push(char::from(DIGITS[bits >> (18 - 6 * place) & 63]));
        }
        text.push_str(&"=="[..3 - group.len()]);
    }
}

/// Writing to memory cannot fail.
fn infallible(written: std::fmt::Result) {
    written.expect("writing to a text cannot fail");
}

#[cfg(test)]
mod tests {
    use swarmlet::ErrorKind;

    use super::*;
    use crate::payload::PayloadWriter;

    fn again(json: &str) -> String {
        let payload = payload_of_json(json.as_bytes()).unwrap();
        json_of_payload(&payload).unwrap()
    }

    #[test]
    fn json_comes_back_as_it_went() {
        for json in [
            "null",
            "true",
            "[]",
            "{}",
            r#"{"a":[1,-1,0.5,1e300],"b":{"c":"d \" \\ \n \u0001"},"d":""}"#,
            "18446744073709551615",
            "-9223372036854775808",
            "1.0",
        ] {
            let expected: serde_json::Value = serde_json::from_str(json).unwrap();
            let shown: serde_json::Value = serde_json::from_str(&again(json)).unwrap();
            assert_eq!(shown, expected, "{json}");
        }
        assert_eq!(again("1.0"), "1.0");
        assert_eq!(again("18446744073709551615"), "18446744073709551615");
        assert_eq!(again("[\"\u{fc}\"]"), "[\"\u{fc}\"]");
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let deep = "[".repeat(129) + &"]".repeat(129);
        for json in ["", "{", "nul", "NaN", "Infinity", "1e999", "[1,]", &deep] {
            let failure = payload_of_json(json.as_bytes()).unwrap_err();
            assert_eq!(failure.kind, ErrorKind::InvalidArgument, "{json}");
        }
        assert!(payload_of_json(b"\"\xff\"").is_err());
        let endless = "[".repeat(1_000_000);
        assert!(payload_of_json(endless.as_bytes()).is_err());
        let deepest = "[".repeat(128) + &"]".repeat(128);
        assert_eq!(again(&deepest), deepest);
        let flat = format!(r#"["{}","\"{}"]"#, "[".repeat(200), "{".repeat(200));
        assert_eq!(again(&flat), flat);
    }

    #[test]
    fn what_json_does_not_know_has_a_text() {
        let mut writer = PayloadWriter::new();
        writer.begin_list(6).unwrap();
        writer.float(f64::NAN);
        writer.float(f64::INFINITY);
        for bytes in [&b""[..], b"f", b"fo", b"foo"] {
            writer.bytes(bytes).unwrap();
        }
        writer.end();
        let payload = writer.finish().unwrap();
        let json = json_of_payload(&payload).unwrap();
        assert_eq!(json, r#"[null,null,"","Zg==","Zm8=","Zm9v"]"#);
        // Integers as keys, without length.
        let payload = Payload::from_cbor(vec![0xbf, 0x01, 0x02, 0x20, 0xf5, 0xff]).unwrap();
        let json = json_of_payload(&payload).unwrap();
        assert_eq!(json, r#"{"1":2,"-1":true}"#);
    }
}
