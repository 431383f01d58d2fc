//! The stages of a query.

use std::num::NonZeroU64;

use super::cursor::{Cursor, Mode, Parsed};
use super::expr::{expr, items};
use super::literal::{name, natural, parameter};
use crate::syntax::{Count, Grouped, Item, Stage};

/// The next stage, if there is one.
pub(super) fn stage(cursor: &mut Cursor<'_>) -> Parsed<Option<Stage>> {
    let word = cursor.peek_word();
    let Some((keyword, read)) = STAGES.into_iter().find(|(keyword, _)| *keyword == word) else {
        for (keyword, _) in STAGES {
            cursor.tried(keyword);
        }
        return Ok(None);
    };
    cursor.eat_keyword(keyword);
    read(cursor).map(Some)
}

type Reader = fn(&mut Cursor<'_>) -> Parsed<Stage>;

const STAGES: [(&str, Reader); 7] = [
    ("FILTER", |cursor| Ok(Stage::Filter(expr(cursor)?))),
    ("SELECT", |cursor| Ok(Stage::Select(items(cursor)?))),
    ("AGGREGATE", |cursor| {
        Ok(Stage::Aggregate(cursor.within(Mode::All, expr)?))
    }),
    ("GROUP", group),
    ("DISTINCT", |_| Ok(Stage::Distinct)),
    ("LIMIT", |cursor| Ok(Stage::Limit(count(cursor)?))),
    ("LET", binding),
];

/// `BY key SELECT ...` or `BY key AGGREGATE ...`.
fn group(cursor: &mut Cursor<'_>) -> Parsed<Stage> {
    cursor.need_keyword("BY")?;
    let key = expr(cursor)?;
    let grouped = if cursor.eat_keyword("SELECT") {
        Grouped::Select(cursor.within(Mode::All, items)?)
    } else {
        cursor.need_keyword("AGGREGATE")?;
        let expr = cursor.within(Mode::All, expr)?;
        let is_spread = false;
        Grouped::Aggregate([Item { is_spread, expr }])
    };
    Ok(Stage::Group(key, grouped))
}

fn binding(cursor: &mut Cursor<'_>) -> Parsed<Stage> {
    let name = name(cursor)?;
    cursor.need(&[":="], ":=")?;
    Ok(Stage::Let(name, expr(cursor)?))
}

fn count(cursor: &mut Cursor<'_>) -> Parsed<Count> {
    cursor.skip_blank();
    if cursor.peek() == Some('$') {
        return Ok(Count::Parameter(parameter(cursor)?));
    }
    cursor.tried("parameter");
    let start = cursor.at();
    let number = natural(cursor, "positive number", u64::MAX)?;
    let number = NonZeroU64::new(number).ok_or_else(|| cursor.not_a("positive number", start));
    number.map(Count::Number)
}
