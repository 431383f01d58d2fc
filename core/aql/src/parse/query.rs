//! The whole query: pragmas, the source of values, the stages behind it.

use std::str::FromStr;

use super::cursor::{Cursor, Mode, Parsed};
use super::expr::array;
use super::pragma::pragmas;
use super::stage::stage;
use super::tag_expr::tag_expr;
use crate::error::{ParseError, ParseErrorKind};
use crate::limits::{STAGES_MAX, TEXT_BYTES_MAX};
use crate::syntax::{Order, Pipeline, Query, Source, Stage};

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
    let pragmas = pragmas(&mut cursor)?;
    cursor.need_keyword("FROM")?;
    let pipeline = pipeline(&mut cursor)?;
    cursor.skip_blank();
    if cursor.peek().is_some() {
        cursor.tried("end of query");
        return Err(cursor.unexpected());
    }
    Ok(Query {
        features: pragmas.features,
        events: pragmas.events,
        pipeline,
    })
}

/// What follows `FROM`, up to an `END` if there is one.
pub(super) fn pipeline(cursor: &mut Cursor<'_>) -> Parsed<Pipeline> {
    let source = source(cursor)?;
    let stages = cursor.within(Mode::Each, stages)?;
    cursor.eat_keyword("END");
    Ok(Pipeline { source, stages })
}

fn source(cursor: &mut Cursor<'_>) -> Parsed<Source> {
    cursor.skip_blank();
    if cursor.peek() == Some('[') {
        return Ok(Source::Array(cursor.descend(array)?));
    }
    cursor.tried("array");
    let events = cursor.within(Mode::Each, tag_expr)?;
    let order = if cursor.eat_keyword("ORDER") {
        Some(order(cursor)?)
    } else {
        None
    };
    Ok(Source::Events { events, order })
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
