//! Literals without time: numbers, quoted texts, names, app ids, event keys.

use super::cursor::{Cursor, Parsed};
use crate::error::{ParseErrorKind, is_word};
use crate::limits::{INTEGER_MAX, INTEGER_MIN, SEQUENCE_MAX};
use crate::syntax::{AppId, AppRef, KeyPoint, Literal, NODE_ID_CHARS, Name, StreamId, Tag};
use crate::value::Finite;

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

/// Digits, possibly with a sign in front and a fraction behind: only with a fraction it is not an
/// integer.
pub(super) fn number(cursor: &mut Cursor<'_>) -> Parsed<Literal> {
    let start = cursor.at();
    let text = cursor.rest();
    let is_negative = cursor.eat_here(&["-"], "-");
    let digits = cursor.take_while(|next| next.is_ascii_digit());
    if is_fraction(cursor.rest()) {
        cursor.take_char();
        cursor.take_while(|next| next.is_ascii_digit());
        let number = text[..cursor.at() - start]
            .parse()
            .ok()
            .and_then(Finite::new);
        let literal = number.map(Literal::Decimal);
        return literal.ok_or_else(|| cursor.refuse(ParseErrorKind::NumberOutOfRange, start));
    }
    let magnitude: Option<i128> = digits.parse().ok();
    let number = magnitude.map(|number| if is_negative { -number } else { number });
    match number.filter(|number| (INTEGER_MIN..=INTEGER_MAX).contains(number)) {
        Some(number) => Ok(Literal::Integer(number)),
        None if is_negative => Err(cursor.refuse(ParseErrorKind::NumberOutOfRange, start)),
        None => Err(cursor.refuse(ParseErrorKind::NumberTooLarge(u64::MAX), start)),
    }
}

/// Whether a text goes on with a point and a digit.
fn is_fraction(rest: &str) -> bool {
    let mut bytes = rest.bytes();
    bytes.next() == Some(b'.') && bytes.next().is_some_and(|byte| byte.is_ascii_digit())
}

/// A tag in single or double quotes; the delimiter is doubled inside.
pub(super) fn tag(cursor: &mut Cursor<'_>, quote: char) -> Parsed<Tag> {
    let start = cursor.at();
    let text = quoted(cursor, quote)?;
    Tag::new(&text).ok_or_else(|| cursor.not_a("non-empty tag", start))
}

pub(super) fn quoted(cursor: &mut Cursor<'_>, quote: char) -> Parsed<String> {
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

/// The name of a variable or property.
pub(super) fn name(cursor: &mut Cursor<'_>) -> Parsed<Name> {
    let Some(name) = Name::new(cursor.peek_word()) else {
        cursor.tried("identifier");
        return Err(cursor.unexpected());
    };
    cursor.take_while(is_word);
    Ok(name)
}

/// The name of a parameter, directly behind its `$`.
pub(super) fn parameter(cursor: &mut Cursor<'_>) -> Parsed<Name> {
    cursor.need_here("$")?;
    if !cursor.peek().is_some_and(is_word) {
        cursor.tried("identifier");
        return Err(cursor.unexpected());
    }
    name(cursor)
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
