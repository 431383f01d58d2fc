//! Stream patterns: which streams a right is about, by name.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::event::StreamName;

/// A stream name, the beginning of one followed by `*`, or `*` alone for all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamPattern {
    stem: Arc<str>,
    is_prefix: bool,
}

impl StreamPattern {
    /// The pattern `*`.
    #[must_use]
    pub fn all() -> Self {
        Self {
            stem: "".into(),
            is_prefix: true,
        }
    }

    /// Whether it is about the stream `name`.
    #[must_use]
    pub fn matches(&self, name: &StreamName) -> bool {
        match self.is_prefix {
            true => name.as_str().starts_with(&*self.stem),
            false => name.as_str() == &*self.stem,
        }
    }

    /// Whether it matches every name that `other` matches.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match self.is_prefix {
            true => other.stem.starts_with(&*self.stem),
            false => self == other,
        }
    }
}

impl fmt::Display for StreamPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.is_prefix { "*" } else { "" };
        write!(out, "{}{star}", self.stem)
    }
}

impl FromStr for StreamPattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let stem = text.strip_suffix('*').unwrap_or(text);
        let is_prefix = stem.len() < text.len();
        if !(is_prefix && stem.is_empty()) {
            StreamName::new(stem).map_err(|_| {
                Error::invalid("not a stream pattern: it must be a stream name, prefix* or *")
                    .with("text", text)
            })?;
        }
        Ok(Self {
            stem: stem.into(),
            is_prefix,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_and_cover() {
        let names = ["default", "sensors", "sensors-2"].map(|name| StreamName::new(name).unwrap());
        for (pattern, expected) in [
            ("*", [true, true, true]),
            ("sensors", [false, true, false]),
            ("sensors*", [false, true, true]),
        ] {
            let pattern: StreamPattern = pattern.parse().unwrap();
            assert_eq!(names.each_ref().map(|name| pattern.matches(name)), expected);
        }
        for (wide, narrow, expected) in [
            ("*", "*", true),
            ("*", "a", true),
            ("a*", "a", true),
            ("a*", "ab*", true),
            ("a", "a", true),
            ("ab*", "a*", false),
            ("a*", "*", false),
            ("a", "a*", false),
            ("a", "b", false),
        ] {
            let [wide, narrow] = [wide, narrow].map(|text| text.parse::<StreamPattern>().unwrap());
            assert_eq!(wide.covers(&narrow), expected, "{wide} {narrow}");
        }
    }

    #[test]
    fn texts_round_trip_or_are_refused() {
        for text in ["*", "a", "a*", &"x".repeat(64)] {
            assert_eq!(text.parse::<StreamPattern>().unwrap().to_string(), text);
        }
        for text in ["", "**", "*a", "a*b", "a/b", &"x".repeat(65)] {
            assert!(text.parse::<StreamPattern>().is_err(), "{text}");
        }
    }
}
