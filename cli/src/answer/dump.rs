//! The records of a dump of the predecessor: what its `ax events dump` writes, unpacked.
//!
//! A dump is items of CBOR one after the other, each a map with texts for keys. The first says
//! where the dump comes from; `nodeId` is in it. The others are an event each: `lamport`,
//! `stream`, `offset`, `timestamp` (microseconds since 1970), `tags`, `appId`, and `payload`,
//! which is CBOR as it is. Arrays and maps may have a length or an end. Of the key and the stream
//! nothing is used.
//!
//! The bytes are anybody's: nothing here is recursive, and what is kept is bounded. What cannot be
//! read ends the import where it is, so what comes after it is never taken for something else.

use bytes::{Bytes, BytesMut};
use minicbor::Decoder;
use minicbor::data::{Token, Type};
use minicbor::decode::Error;
use swarmlet::{AppId, NewEvent, Payload, Tags, Timestamp};

use super::records::Record;
use crate::failure::{Failure, Result};
use crate::limits::{DUMP_DEPTH_MAX, DUMP_TAGS_MAX};

/// Bytes that came and were not given out as events yet: at most one record and one piece.
#[derive(Default)]
pub(super) struct Dump {
    pending: BytesMut,
    /// How many bytes there have to be before it is looked again whether a record is complete: a
    /// long one that comes in many pieces is not looked through for each of them.
    wanted: usize,
    /// Whether it was said where the dump comes from.
    is_begun: bool,
    is_ended: bool,
}

/// Whether a dump begins with this byte: the head of a map.
pub(super) fn begins_with(first: u8) -> bool {
    first >> 5 == MAP
}

impl Dump {
    /// Adds a piece.
    pub(super) fn push(&mut self, piece: &Bytes) {
        self.pending.extend_from_slice(piece);
    }

    /// Says that there are no more pieces.
    pub(super) fn end(&mut self) {
        self.is_ended = true;
        self.wanted = 0;
    }

    /// The next event that is complete.
    pub(super) fn next_event(&mut self, bytes_max: usize) -> Result<Option<Bytes>> {
        while !self.pending.is_empty() && self.pending.len() >= self.wanted {
            let len = item_len(&self.pending).map_err(unreadable)?;
            if len.unwrap_or(self.pending.len()) > bytes_max {
                return Err(Failure::invalid(format!(
                    "it has more than {bytes_max} bytes"
                )));
            }
            let Some(len) = len else {
                if self.is_ended {
                    return Err(Failure::invalid("the file ends within it"));
                }
                self.wanted = (self.pending.len() * 2).min(bytes_max + 1);
                return Ok(None);
            };
            self.wanted = 0;
            let item = self.pending.split_to(len).freeze();
            // Dumps that were put one behind the other are one.
            if !is_source(&item) {
                return match self.is_begun {
                    true => Ok(Some(item)),
                    false => Err(no_dump()),
                };
            }
            self.is_begun = true;
        }
        Ok(None)
    }
}

/// What is used of a record.
#[derive(Default)]
struct Fields<'a> {
    app: Option<&'a [u8]>,
    tags: Option<&'a [u8]>,
    timestamp: Option<&'a [u8]>,
    payload: Option<&'a [u8]>,
}

/// Reads the record of an event.
pub(super) fn event(item: &[u8]) -> Result<Record> {
    let fields = fields(item).map_err(unreadable)?;
    let payload = fields.payload.ok_or_else(|| missing("payload"))?;
    // A copy: a part of the item would keep all that came together with it, for as long as the
    // event waits for others.
    let payload = Payload::from_cbor(payload.to_vec())?;
    let app = fields.app.ok_or_else(|| missing("appId"))?;
    let app = Decoder::new(app).str().map_err(unreadable)?;
    let micros = fields.timestamp.ok_or_else(|| missing("timestamp"))?;
    let micros = Decoder::new(micros).i64().map_err(unreadable)?;
    let tags = fields.tags.map(tags).transpose()?;
    Ok(Record {
        app: Some(AppId::new(app)?),
        event: NewEvent {
            tags: tags.unwrap_or_default(),
            payload,
        },
        time: Some(Timestamp::from_micros(micros)),
    })
}

fn tags(field: &[u8]) -> Result<Tags> {
    let mut decoder = Decoder::new(field);
    let mut tags = Vec::new();
    for tag in decoder.array_iter::<&str>().map_err(unreadable)? {
        if tags.len() == DUMP_TAGS_MAX {
            let message = format!("it has more than {DUMP_TAGS_MAX} tags");
            return Err(Failure::invalid(message));
        }
        tags.push(tag.map_err(unreadable)?);
    }
    Ok(Tags::new(tags)?)
}

/// Whether an item says where a dump comes from. Of an event only the first field is looked at,
/// unless somebody else has written the dump.
fn is_source(item: &[u8]) -> bool {
    let Ok(mut entries) = Entries::of(item) else {
        return false;
    };
    let mut has_node = false;
    while let Ok(Some((key, _))) = entries.next_entry() {
        match key {
            "lamport" | "payload" => return false,
            "nodeId" => has_node = true,
            _ => {}
        }
    }
    has_node
}

/// The fields of a complete item, each with all of its bytes.
fn fields(item: &[u8]) -> Result<Fields<'_>, Error> {
    let mut fields = Fields::default();
    let mut entries = Entries::of(item)?;
    while let Some((key, value)) = entries.next_entry()? {
        let field = match key {
            "appId" => &mut fields.app,
            "tags" => &mut fields.tags,
            "timestamp" => &mut fields.timestamp,
            "payload" => &mut fields.payload,
            _ => continue,
        };
        *field = Some(value);
    }
    Ok(fields)
}

/// The entries of a map, one after the other.
struct Entries<'a> {
    decoder: Decoder<'a>,
    /// How many there still are; nothing if the map has an end instead.
    left: Option<u64>,
}

impl<'a> Entries<'a> {
    fn of(item: &'a [u8]) -> Result<Self, Error> {
        let mut decoder = Decoder::new(item);
        let left = decoder.map()?;
        Ok(Self { decoder, left })
    }

    /// The next one: its key, and all bytes of its value.
    fn next_entry(&mut self) -> Result<Option<(&'a str, &'a [u8])>, Error> {
        match &mut self.left {
            Some(0) => return Ok(None),
            Some(left) => *left -= 1,
            None if self.decoder.datatype()? == Type::Break => return Ok(None),
            None => {}
        }
        let key = self.decoder.str()?;
        let from = self.decoder.position();
        self.decoder.skip()?;
        let value = &self.decoder.input()[from..self.decoder.position()];
        Ok(Some((key, value)))
    }
}

/// The length of the item that `bytes` begin with; nothing if not all of it is there.
fn item_len(bytes: &[u8]) -> Result<Option<usize>, Error> {
    let mut decoder = Decoder::new(bytes);
    // How many items each array, map or tag around still has; nothing if it has an end instead.
    let mut open: Vec<Option<u64>> = Vec::new();
    loop {
        let token: Token<'_> = match decoder.decode() {
            Err(error) if error.is_end_of_input() => return Ok(None),
            token => token?,
        };
        match token {
            Token::Array(len) if len > 0 => open.push(Some(len)),
            Token::Map(len) if len > 0 => open.push(Some(len.saturating_mul(2))),
            Token::Tag(_) => open.push(Some(1)),
            Token::BeginArray | Token::BeginMap | Token::BeginBytes | Token::BeginString => {
                open.push(None);
            }
            Token::Break => {
                if open.pop() != Some(None) {
                    return Err(Error::message("there is an end of nothing"));
                }
                close_complete(&mut open);
            }
            _ => close_complete(&mut open),
        }
        if open.is_empty() {
            return Ok(Some(decoder.position()));
        }
        if open.len() > DUMP_DEPTH_MAX {
            return Err(Error::message("it is nested too deep"));
        }
    }
}

/// One item is done: whatever it was the last part of is done too.
fn close_complete(open: &mut Vec<Option<u64>>) {
    while let Some(Some(left)) = open.last_mut() {
        *left -= 1;
        if *left > 0 {
            return;
        }
        open.pop();
    }
}

fn unreadable(error: Error) -> Failure {
    Failure::invalid(format!("it is no event of a dump: {error}"))
}

fn missing(field: &str) -> Failure {
    Failure::invalid(format!("it has no `{field}`"))
}

fn no_dump() -> Failure {
    Failure::invalid("it does not say where a dump comes from")
        .advise("files that can be imported are those of `swarmlet export` and of `ax events dump`")
}

/// The major type of maps.
const MAP: u8 = 5;

#[cfg(test)]
mod tests;
