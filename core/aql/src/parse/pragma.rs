//! What may stand before `FROM`: pragmas, and the older `FEATURES(...)`.
//!
//! Feature words nobody knows are kept, and pragmas nobody knows are skipped, so that queries
//! written for other releases still run.

use std::collections::BTreeSet;

use super::cursor::{Cursor, Parsed};

const MULTI_LINE_END: &str = "ENDPRAGMA";

/// What the pragmas in front of a query say.
#[derive(Default)]
pub(super) struct Pragmas {
    /// Feature words.
    pub(super) features: BTreeSet<String>,
    /// Events to run the query against, as text.
    pub(super) events: Option<String>,
}

/// All pragmas and feature words in front of a query.
pub(super) fn pragmas(cursor: &mut Cursor<'_>) -> Parsed<Pragmas> {
    let mut pragmas = Pragmas::default();
    while cursor.eat_keyword("PRAGMA") {
        pragma(cursor, &mut pragmas)?;
    }
    if cursor.eat_keyword("FEATURES") {
        cursor.need(&["("], "(")?;
        while !cursor.eat(&[")"], ")") {
            pragmas.features.insert(feature_word(cursor)?.to_owned());
        }
    }
    Ok(pragmas)
}

/// Of several `PRAGMA events` the first counts.
fn pragma(cursor: &mut Cursor<'_>, pragmas: &mut Pragmas) -> Parsed<()> {
    cursor.take_while(char::is_whitespace);
    let name = feature_word(cursor)?;
    cursor.take_while(|next| next.is_whitespace() && !is_line_break(next));
    let text = if cursor.eat_here(&[":="], ":=") {
        let text = cursor.take_while(|next| !is_line_break(next));
        line_break(cursor)?;
        text
    } else {
        line_break(cursor)?;
        multi_line(cursor)?
    };
    match name {
        "features" => pragmas
            .features
            .extend(text.split_whitespace().map(str::to_owned)),
        "events" if pragmas.events.is_none() => pragmas.events = Some(text.trim().to_owned()),
        _ => {}
    }
    Ok(())
}

/// The lines up to the one that ends the pragma, which is eaten as well.
fn multi_line<'a>(cursor: &mut Cursor<'a>) -> Parsed<&'a str> {
    let text = cursor.rest();
    let start = cursor.at();
    loop {
        let len = cursor.at() - start;
        let line = cursor.take_while(|next| !is_line_break(next));
        if line.trim() == MULTI_LINE_END {
            line_break(cursor)?;
            return Ok(&text[..len]);
        }
        if cursor.peek().is_none() {
            cursor.tried(MULTI_LINE_END);
            return Err(cursor.unexpected());
        }
        line_break(cursor)?;
    }
}

fn line_break(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.eat_here(&["\r\n", "\n", "\r"], "line break") {
        return Ok(());
    }
    Err(cursor.unexpected())
}

fn is_line_break(character: char) -> bool {
    matches!(character, '\n' | '\r')
}

fn feature_word<'a>(cursor: &mut Cursor<'a>) -> Parsed<&'a str> {
    let word = cursor.take_while(|next| next.is_ascii_alphanumeric() || next == '\u{f8}');
    if word.is_empty() {
        cursor.tried("word");
        return Err(cursor.unexpected());
    }
    Ok(word)
}
