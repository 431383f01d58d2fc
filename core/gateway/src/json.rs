//! Reading JSON, as deep as payloads may be nested.

use serde::de::{DeserializeOwned, Error as _};

use crate::limits::JSON_DEPTH_MAX;

/// What a text says.
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    if depth(text) > JSON_DEPTH_MAX {
        return Err(serde_json::Error::custom("recursion limit exceeded"));
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    // Its own bound is less than what a payload and the request around it may have.
    reader.disable_recursion_limit();
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// How deep a text is nested; if it is no JSON, at least as deep as it is read.
fn depth(text: &[u8]) -> usize {
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
        assert!(parse::<serde_json::Value>(text.as_bytes()).is_ok());
        assert_eq!(depth(br#"{"a":[1,{}],"b":[]}"#), 3);
    }

    #[test]
    fn nothing_is_read_that_is_too_deep() {
        for text in ["[".repeat(1_000_000), "[{\"a\":".repeat(100_000)] {
            let error = parse::<serde_json::Value>(text.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), "recursion limit exceeded");
        }
    }
}
