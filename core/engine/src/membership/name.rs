//! Names people give: of swarms, devices and labels. They end up in terminals and web pages.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::limits::NAME_BYTES_MAX;
use crate::error::{Error, Result};

/// A text of 1 to 64 bytes without control characters and without characters that hide or turn
/// other text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// Takes a legal name.
    pub fn new(text: &str) -> Result<Self> {
        let is_legal = !text.is_empty() && text.len() <= NAME_BYTES_MAX;
        if !is_legal || text.contains(is_deceptive) {
            let message = "a name must have 1 to 64 bytes and no control characters";
            return Err(Error::invalid(message).with("name", text.escape_debug()));
        }
        Ok(Self(text.into()))
    }

    /// Makes a legal name of any text: leaves out what is illegal and cuts what is too long.
    #[must_use]
    pub fn sanitised(text: &str) -> Self {
        let mut legal = String::new();
        for character in text.trim().chars().filter(|c| !is_deceptive(*c)) {
            if legal.len() + character.len_utf8() > NAME_BYTES_MAX {
                break;
            }
            legal.push(character);
        }
        match legal.is_empty() {
            true => Self("unnamed".into()),
            false => Self(legal.into()),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, out)
    }
}

/// Control characters, invisible ones, and those that change the direction of writing.
pub(super) fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_show_what_they_are() {
        assert!(Name::new(&"x".repeat(64)).is_ok());
        for text in ["", "a\nb", "a\u{7f}", "a\u{202e}b", &"x".repeat(65)] {
            assert!(Name::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn any_text_can_be_made_a_name() {
        assert_eq!(
            Name::sanitised(" press\u{1b}[2J 4\n").as_str(),
            "press[2J 4"
        );
        assert_eq!(Name::sanitised("\u{202e}").as_str(), "unnamed");
        let long = Name::sanitised(&"\u{e4}".repeat(40));
        assert_eq!(Name::new(long.as_str()).unwrap(), long);
    }
}
