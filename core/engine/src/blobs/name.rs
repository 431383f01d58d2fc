//! What people call blobs, and what kind of bytes they are.

use super::limits::{BLOB_NAME_BYTES_MAX, MEDIA_TYPE_BYTES_MAX};
use crate::error::{Error, Result};

/// A name for a blob that can be the name of a file anywhere: not empty, at most 255 bytes, no
/// folder and no way out of one, no control characters, nothing that Windows refuses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobName(String);

/// A media type as in RFC 6838, such as `image/png`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaType(String);

impl BlobName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for one that cannot be the name of a file.
    pub fn new(name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        let refused = |why| {
            let shown: String = name.chars().take(64).collect();
            Err(Error::invalid(why).with("name", shown.escape_debug()))
        };
        if name.is_empty() || name.len() > BLOB_NAME_BYTES_MAX {
            return refused("the name of a blob must have 1 to 255 bytes");
        }
        if name.contains(['/', '\\', ':']) || name.trim_matches('.').is_empty() {
            return refused("the name of a blob must be that of a file, without a folder");
        }
        let is_special = |one: char| one.is_control() || "<>\"|?*".contains(one);
        if name.chars().any(is_special) || name.ends_with(['.', ' ']) {
            return refused(
                "the name of a blob must not have characters that names of files cannot",
            );
        }
        let stem = name.split('.').next().unwrap_or_default().trim_end();
        if DEVICES
            .iter()
            .any(|device| stem.eq_ignore_ascii_case(device))
        {
            return refused("the name of a blob must not be that of a device of Windows");
        }
        Ok(Self(name))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl MediaType {
    /// Checks a media type.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for what is not one.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let is_named = |part: &str| !part.is_empty() && !part.contains('/');
        let has_parts = text
            .split_once('/')
            .is_some_and(|(kind, subtype)| is_named(kind) && is_named(subtype));
        let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if has_parts && is_plain && text.len() <= MEDIA_TYPE_BYTES_MAX {
            return Ok(Self(text));
        }
        let shown: String = text.chars().take(64).collect();
        Err(Error::invalid("not a media type, as image/png is").with("text", shown.escape_debug()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names that mean something else than a file on Windows, whatever follows after a dot.
const DEVICES: [&str; 22] = [
    "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8",
    "COM9", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere() {
        for name in [
            "a",
            "console",
            "nul-1",
            ".hidden",
            "a..b",
            "M\u{fc}ller.pdf",
            &"a".repeat(255),
        ] {
            assert!(BlobName::new(name).is_ok(), "{name}");
        }
        let long = "a".repeat(256);
        for name in [
            "", ".", "..", "...", "a/b", "..\\x", "c:x", "a\0", "a\nb", "a?", "a|b", "a.", "a ",
            "nul", "Com1.txt", &long,
        ] {
            assert!(BlobName::new(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_media_type_has_two_parts() {
        for text in ["image/png", "text/plain; charset=utf-8", "a/b+c"] {
            assert!(MediaType::new(text).is_ok(), "{text}");
        }
        for text in ["", "png", "/png", "image/", "a/b/c", "a/\u{e9}", "a/b\n"] {
            assert!(MediaType::new(text).is_err(), "{text:?}");
        }
    }
}
