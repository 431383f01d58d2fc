//! Values as text: for people in full, for interpolated strings in the language's short form.

use std::fmt::{self, Write as _};

use super::tree::Value;
use crate::calendar::Civil;
use crate::limits::SHOWN_CHARS_MAX;

impl Value {
    /// What an interpolated string shows: texts as they are, arrays and objects by name only.
    pub(crate) fn print(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Bool(true) => "TRUE".to_owned(),
            Self::Bool(false) => "FALSE".to_owned(),
            Self::String(text) => text.as_ref().to_owned(),
            Self::Array(_) => "ARRAY".to_owned(),
            Self::Object(_) => "OBJECT".to_owned(),
            _ => self.to_string(),
        }
    }
}

/// JSON where JSON has such a value, else the diagnostic notation of CBOR.
impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => value.fmt(out),
            Self::Number(number) => number.fmt(out),
            Self::String(text) => write_quoted(out, text),
            Self::Bytes(bytes) => {
                out.write_str("h'")?;
                bytes
                    .iter()
                    .try_for_each(|byte| write!(out, "{byte:02x}"))?;
                out.write_char('\'')
            }
            Self::Timestamp(time_us) => Civil::from_us(*time_us).write_us(out),
            Self::Array(array) => {
                out.write_char('[')?;
                for (index, item) in array.items().iter().enumerate() {
                    write!(out, "{}{item}", if index > 0 { "," } else { "" })?;
                }
                out.write_char(']')
            }
            Self::Object(object) => {
                out.write_char('{')?;
                for (index, (name, value)) in object.properties().iter().enumerate() {
                    out.write_str(if index > 0 { "," } else { "" })?;
                    write_quoted(out, name)?;
                    write!(out, ":{value}")?;
                }
                out.write_char('}')
            }
            Self::Other(name) => out.write_str(name),
        }
    }
}

fn write_quoted(out: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(out, "\\{character}")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            control if control.is_control() => write!(out, "\\u{:04x}", u32::from(control))?,
            plain => out.write_char(plain)?,
        }
    }
    out.write_char('"')
}

/// Writes a text as a query has it: in single quotes, those inside doubled.
pub(crate) fn write_string(out: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    write!(out, "'{}'", text.replace('\'', "''"))
}

/// The beginning of what is displayed, for diagnostics. Formats no more than that.
pub(crate) fn shown(value: &impl fmt::Display) -> String {
    struct Start {
        text: String,
        left: usize,
    }
    impl fmt::Write for Start {
        fn write_str(&mut self, piece: &str) -> fmt::Result {
            for character in piece.chars() {
                self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
                self.text.push(character);
            }
            Ok(())
        }
    }
    let mut start = Start {
        text: String::new(),
        left: SHOWN_CHARS_MAX,
    };
    if write!(start, "{value}").is_err() {
        start.text.push_str("...");
    }
    start.text
}
