//! Writing JSON into a text that grows.

use serde::Serialize;

/// The value as JSON.
pub(crate) fn text<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("values with text keys become JSON")
}

/// Appends the value as JSON.
pub(crate) fn push<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("values with text keys become JSON");
}

/// The text of what was appended.
pub(crate) fn finish(out: Vec<u8>) -> String {
    String::from_utf8(out).expect("JSON is written as UTF-8")
}
