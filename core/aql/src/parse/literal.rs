//! Literals without time: numbers, quoted tags, app ids, event keys.

use super::cursor::{Cursor, Parsed};
use crate::error::ParseErrorKind;
use crate::limits::SEQUENCE_MAX;
use crate::syntax::{AppId, AppRef, KeyPoint, NODE_ID_CHARS, StreamId, Tag};

/// Digits at the cursor as a number of at most `max`.
pub(super) fn natural(cursor: &mut Cursor<'_>, name: &'static str, max: u64) -> Parsed<u64> {
    let start = cursor.at();
    let digits = cursor.take_while(|next| next.is_ascii_digit());
    if digits.is_empty() {
        cursor.tried(name);
        return Err(cursor.unexpected());
    }
    let number = digits.parse().ok().filter(|number| *number <= max);
    number.ok_or_else(|| cursor.refuse(ParseErrorKind::NumberTooLarge(max), start))
}

/// A tag in single or double quotes; the delimiter is doubled inside.
pub(super) fn tag(cursor: &mut Cursor<'_>, quote: char) -> Parsed<Tag> {
    let start = cursor.at();
    let text = quoted(cursor, quote)?;
    Tag::new(&text).ok_or_else(|| cursor.not_a("non-empty tag", start))
}

fn quoted(cursor: &mut Cursor<'_>, quote: char) -> Parsed<String> {
    let mut text = String::new();
    cursor.take_char();
    loop {
        text.push_str(cursor.take_while(|next| next != quote));
        if cursor.take_char().is_none() {
            cursor.tried(if quote == '\'' {
                "closing '"
            } else {
                "closing \""
            });
            return Err(cursor.unexpected());
        }
        if cursor.peek() != Some(quote) {
            return Ok(text);
        }
        text.push(quote);
        cursor.take_char();
    }
}

/// `(com.example.app)` or `(me)`, without any blanks.
pub(super) fn app(cursor: &mut Cursor<'_>) -> Parsed<AppRef> {
    cursor.need_here("(")?;
    let start = cursor.at();
    let name = cursor.rest();
    app_label(cursor)?;
    while cursor.eat_here(&["."], ".") {
        app_label(cursor)?;
    }
    let app = match &name[..cursor.at() - start] {
        "me" => AppRef::Me,
        text => AppRef::Named(AppId::new(text).ok_or_else(|| cursor.not_a("app id", start))?),
    };
    cursor.need_here(")")?;
    Ok(app)
}

fn app_label(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.take_while(AppId::is_label_part).is_empty() {
        cursor.tried("app id (a-z 0-9 -)");
        return Err(cursor.unexpected());
    }
    Ok(())
}

/// `lamport` or `lamport/stream`.
pub(super) fn event_key(cursor: &mut Cursor<'_>) -> Parsed<KeyPoint> {
    cursor.skip_blank();
    let lamport = natural(cursor, "lamport", SEQUENCE_MAX)?;
    let stream = if cursor.eat(&["/"], "/") {
        Some(stream_id(cursor)?)
    } else {
        None
    };
    Ok(KeyPoint { lamport, stream })
}

fn stream_id(cursor: &mut Cursor<'_>) -> Parsed<StreamId> {
    cursor.skip_blank();
    let start = cursor.at();
    let node = cursor.take_while(StreamId::is_node_part);
    if node.len() != NODE_ID_CHARS {
        return Err(cursor.not_a("stream id", start));
    }
    cursor.need_here("-")?;
    let number = natural(cursor, "stream number", SEQUENCE_MAX)?;
    StreamId::new(node, number).ok_or_else(|| cursor.not_a("stream id", start))
}
