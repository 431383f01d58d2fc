//! The whole query: pragmas, the source of events, the stages behind it.

use std::num::NonZeroU64;
use std::str::FromStr;

use super::cursor::{Cursor, Parsed};
use super::literal::natural;
use super::pragma::features;
use super::tag_expr::tag_expr;
use crate::error::{ParseError, ParseErrorKind};
use crate::limits::{STAGES_MAX, TEXT_BYTES_MAX};
use crate::syntax::{Order, Query, Source, Stage};

impl Query {
    /// Understands a text, all of it or nothing. Never panics, whatever the text.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        query(text)
    }
}

impl FromStr for Query {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

fn query(text: &str) -> Parsed<Query> {
    let mut cursor = Cursor::new(text);
    if text.len() > TEXT_BYTES_MAX {
        return Err(cursor.refuse(ParseErrorKind::TooLong, 0));
    }
    let features = features(&mut cursor)?;
    cursor.need_keyword("FROM")?;
    let source = source(&mut cursor)?;
    let stages = stages(&mut cursor)?;
    cursor.eat_keyword("END");
    cursor.skip_blank();
    if cursor.peek().is_some() {
        cursor.tried("end of query");
        return Err(cursor.unexpected());
    }
    Ok(Query {
        features,
        source,
        stages,
    })
}

fn source(cursor: &mut Cursor<'_>) -> Parsed<Source> {
    cursor.skip_blank();
    if cursor.peek() == Some('[') {
        let kind = ParseErrorKind::Unsupported("FROM with an array");
        return Err(cursor.refuse(kind, cursor.at()));
    }
    let events = tag_expr(cursor)?;
    let order = if cursor.eat_keyword("ORDER") {
        Some(order(cursor)?)
    } else {
        None
    };
    Ok(Source { events, order })
}

fn order(cursor: &mut Cursor<'_>) -> Parsed<Order> {
    let found = Order::ALL
        .into_iter()
        .find(|order| cursor.eat_keyword(order.keyword()));
    found.ok_or_else(|| cursor.unexpected())
}

fn stages(cursor: &mut Cursor<'_>) -> Parsed<Vec<Stage>> {
    let mut stages = Vec::new();
    loop {
        cursor.skip_blank();
        let start = cursor.at();
        let Some(stage) = stage(cursor)? else {
            return Ok(stages);
        };
        if stages.len() == STAGES_MAX {
            return Err(cursor.refuse(ParseErrorKind::TooManyStages, start));
        }
        stages.push(stage);
    }
}

/// The next stage, if there is one.
fn stage(cursor: &mut Cursor<'_>) -> Parsed<Option<Stage>> {
    let word = cursor.peek_word();
    if let Some(name) = UNSUPPORTED.into_iter().find(|name| *name == word) {
        return Err(cursor.refuse(ParseErrorKind::Unsupported(name), cursor.at()));
    }
    if cursor.eat_keyword("LIMIT") {
        return Ok(Some(Stage::Limit(positive(cursor)?)));
    }
    Ok(None)
}

fn positive(cursor: &mut Cursor<'_>) -> Parsed<NonZeroU64> {
    cursor.skip_blank();
    let start = cursor.at();
    let number = natural(cursor, "positive number", u64::MAX)?;
    NonZeroU64::new(number).ok_or_else(|| cursor.not_a("positive number", start))
}

/// Stages of the language that are understood but not executed.
const UNSUPPORTED: [&str; 4] = ["FILTER", "SELECT", "AGGREGATE", "LET"];
