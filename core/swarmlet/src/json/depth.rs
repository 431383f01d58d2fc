//! Reading JSON, as deep as payloads may be nested, and no deeper than the stack allows.

use std::marker::PhantomData;

use serde::de::{DeserializeOwned, DeserializeSeed, Error as _};

use swarmlet_engine::limits::PAYLOAD_DEPTH_MAX;

/// What a text of JSON says, where a payload may be in so many other values (`levels`): the text
/// may be nested that much deeper than a payload. The bound of serde_json is less than that of
/// payloads.
///
/// # Errors
///
/// Those of serde_json; one that names the recursion limit for what is too deep, before anything of
/// it is read.
pub fn parse<T: DeserializeOwned>(text: &[u8], levels: usize) -> Result<T, serde_json::Error> {
    if depth(text) > PAYLOAD_DEPTH_MAX + levels {
        return Err(serde_json::Error::custom("recursion limit exceeded"));
    }
    read(text, PhantomData)
}

/// What the seed makes of a text whose depth was looked at.
pub(super) fn read<'de, S: DeserializeSeed<'de>>(
    text: &'de [u8],
    seed: S,
) -> Result<S::Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    reader.disable_recursion_limit();
    let value = seed.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// How deep a text is nested; if it is no JSON, at least as deep as it is read.
pub(super) fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_are_not_nested() {
        let text = format!(r#"["{}\"{}"]"#, "[".repeat(200), "{".repeat(200));
        assert!(parse::<serde_json::Value>(text.as_bytes(), 0).is_ok());
        assert_eq!(depth(br#"{"a":[1,{}],"b":[]}"#), 3);
    }

    #[test]
    fn nothing_is_read_that_is_too_deep() {
        for text in ["[".repeat(1_000_000), "[{\"a\":".repeat(100_000)] {
            let error = parse::<serde_json::Value>(text.as_bytes(), 0).unwrap_err();
            assert_eq!(error.to_string(), "recursion limit exceeded");
        }
    }
}
