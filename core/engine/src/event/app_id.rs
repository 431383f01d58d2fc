//! App ids: which app published an event.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::limits::APP_ID_BYTES_MAX;

/// A reverse DNS name such as `com.example.press`: labels of `a-z 0-9 -`, separated by dots.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppId(Arc<str>);

impl AppId {
    /// The app id; 1 to 128 bytes.
    pub fn new(text: &str) -> Result<Self> {
        if text.len() > APP_ID_BYTES_MAX || !text.split('.').all(is_label) {
            return Err(Error::invalid(
                "an app id must be labels of a-z 0-9 - separated by dots, at most 128 bytes",
            )
            .with("app id", text));
        }
        Ok(Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_label(label: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !label.is_empty() && label.bytes().all(is_legal)
}

impl fmt::Display for AppId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for AppId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_checked() {
        assert!(AppId::new("com.example.press-1").is_ok());
        assert!(AppId::new(&"a".repeat(128)).is_ok());
        for text in ["", ".", "a..b", "a.", "Com.x", "a b", &"a".repeat(129)] {
            assert!(AppId::new(text).is_err(), "{text}");
        }
    }
}
