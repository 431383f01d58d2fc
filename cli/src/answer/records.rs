//! What an import reads: the lines of an export, or the records of a dump of the predecessor.
//!
//! The first byte tells which: a dump begins with a map of CBOR, and no text of JSON does with that
//! byte.

use bytes::Bytes;
use data_encoding::HEXLOWER_PERMISSIVE;
use serde::Deserialize;
use serde_json::value::RawValue;
use swarmlet::{AppId, NewEvent, Payload, Tags, Timestamp};

use super::dump::{self, Dump};
use super::lines::Lines;
use super::rows::payload;
use crate::failure::{Failure, Result};
use crate::limits::FRAME_BYTES_MAX;

/// An event that is to be published, with what its record says of it.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) app: Option<AppId>,
    pub(super) event: NewEvent,
    pub(super) time: Option<Timestamp>,
}

/// An event that is to be published, with all that it is published with.
pub(super) struct Stamped {
    /// Which record of the file it is, from 1 on.
    pub(super) number: u64,
    /// How long that record is.
    pub(super) bytes: usize,
    pub(super) app: AppId,
    pub(super) event: NewEvent,
    pub(super) time: Timestamp,
}

/// One record as it came.
pub(super) enum RawRecord {
    Line(Bytes),
    Dumped(Bytes),
}

/// Records out of bytes that come in pieces.
#[derive(Default)]
pub(super) enum Records {
    /// Nothing has come.
    #[default]
    Unknown,
    Lines(Lines),
    Dump(Dump),
}

impl Records {
    /// Adds a piece.
    pub(super) fn push(&mut self, piece: &Bytes) {
        if let (Self::Unknown, Some(first)) = (&*self, piece.first()) {
            *self = match dump::begins_with(*first) {
                true => Self::Dump(Dump::default()),
                false => Self::Lines(Lines::default()),
            };
        }
        match self {
            Self::Unknown => {}
            Self::Lines(lines) => lines.push(piece),
            Self::Dump(dump) => dump.push(piece),
        }
    }

    /// Says that there are no more pieces: what is left is a record, or part of one.
    pub(super) fn end(&mut self) {
        match self {
            Self::Unknown => {}
            Self::Lines(lines) => lines.end(),
            Self::Dump(dump) => dump.end(),
        }
    }

    /// The next record that is complete.
    pub(super) fn next_record(&mut self) -> Result<Option<RawRecord>> {
        match self {
            Self::Unknown => Ok(None),
            Self::Lines(lines) => {
                let line = lines.next_line(FRAME_BYTES_MAX)?;
                Ok(line.map(RawRecord::Line))
            }
            Self::Dump(dump) => {
                let item = dump.next_event(FRAME_BYTES_MAX)?;
                Ok(item.map(RawRecord::Dumped))
            }
        }
    }

    /// What a record is called.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Unknown | Self::Lines(_) => "line",
            Self::Dump(_) => "record",
        }
    }
}

impl RawRecord {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Line(bytes) | Self::Dumped(bytes) => bytes.len(),
        }
    }

    /// Whether nothing is in it.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self, Self::Line(line) if line.trim_ascii().is_empty())
    }

    pub(super) fn parse(&self) -> Result<Record> {
        match self {
            Self::Line(line) => of_line(line),
            Self::Dumped(item) => dump::event(item),
        }
    }
}

/// What an import reads of a line; what else there is, such as the key, is of no use to it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImportLine {
    #[serde(default)]
    tags: Vec<String>,
    payload: Option<Box<RawValue>>,
    cbor: Option<String>,
    app_id: Option<String>,
    timestamp: Option<i64>,
}

fn of_line(line: &[u8]) -> Result<Record> {
    let line: Result<ImportLine, _> = serde_json::from_slice(line);
    let line = line.map_err(|error| Failure::invalid(format!("it is no event: {error}")))?;
    let payload = match (&line.cbor, &line.payload) {
        (Some(cbor), _) => Payload::from_cbor(bytes_of_hex(cbor)?)?,
        (None, Some(json)) => payload(json)?,
        (None, None) => return Err(Failure::invalid("it has no payload")),
    };
    let tags = Tags::new(line.tags.iter().map(String::as_str))?;
    Ok(Record {
        app: line.app_id.as_deref().map(AppId::new).transpose()?,
        event: NewEvent { tags, payload },
        time: line.timestamp.map(Timestamp::from_micros),
    })
}

fn bytes_of_hex(text: &str) -> Result<Vec<u8>> {
    let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes());
    bytes.map_err(|error| {
        Failure::invalid(format!(
            "`cbor` is not pairs of hexadecimal digits: {error}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_may_be_of_either_case_and_nothing_else() {
        assert_eq!(bytes_of_hex("0aFF").unwrap(), [0x0a, 0xff]);
        assert_eq!(bytes_of_hex("").unwrap(), [0; 0]);
        for text in ["0", "+1", "0g", " 01", "\u{fc}"] {
            assert!(bytes_of_hex(text).is_err(), "{text}");
        }
    }
}
