//! Tag expressions: which events a query starts from.

use super::cursor::{Cursor, Parsed};
use super::interpolation::interpolation;
use super::{literal, time};
use crate::syntax::{Comparison, TagAtom, TagExpr, TimePoint};

/// Alternatives of conjunctions; `&` binds tighter than `|`.
pub(super) fn tag_expr(cursor: &mut Cursor<'_>) -> Parsed<TagExpr> {
    let mut branches = vec![conjunction(cursor)?];
    while cursor.eat(&["|", "\u{2228}"], "|") {
        branches.push(conjunction(cursor)?);
    }
    Ok(single_or(branches, TagExpr::Or))
}

fn conjunction(cursor: &mut Cursor<'_>) -> Parsed<TagExpr> {
    let mut parts = vec![operand(cursor)?];
    while cursor.eat(&["&", "\u{2227}"], "&") {
        parts.push(operand(cursor)?);
    }
    Ok(single_or(parts, TagExpr::And))
}

fn single_or(mut terms: Vec<TagExpr>, join: fn(Vec<TagExpr>) -> TagExpr) -> TagExpr {
    match terms.pop() {
        Some(only) if terms.is_empty() => only,
        Some(last) => {
            terms.push(last);
            join(terms)
        }
        None => join(terms),
    }
}

fn operand(cursor: &mut Cursor<'_>) -> Parsed<TagExpr> {
    if cursor.eat(&["("], "tag expression") {
        let inner = cursor.descend(tag_expr)?;
        cursor.need(&[")"], ")")?;
        return Ok(inner);
    }
    cursor.count_atom()?;
    Ok(TagExpr::Atom(atom(cursor)?))
}

fn atom(cursor: &mut Cursor<'_>) -> Parsed<TagAtom> {
    match cursor.peek() {
        Some(quote @ ('\'' | '"')) => return Ok(TagAtom::Tag(literal::tag(cursor, quote)?)),
        Some('`') => return Ok(TagAtom::Interpolation(interpolation(cursor)?)),
        Some('$') => return Ok(TagAtom::Parameter(literal::parameter(cursor)?)),
        _ => {}
    }
    let word = cursor.peek_word();
    let Some(read) = named_atom(word) else {
        cursor.tried("tag expression");
        return Err(cursor.unexpected());
    };
    cursor.take_while(crate::error::is_word);
    read(cursor)
}

/// The reader of what follows the name of an atom.
fn named_atom(word: &str) -> Option<fn(&mut Cursor<'_>) -> Parsed<TagAtom>> {
    Some(match word {
        "allEvents" => |_| Ok(TagAtom::AllEvents),
        "isLocal" => |_| Ok(TagAtom::IsLocal),
        "appId" => |cursor| Ok(TagAtom::App(literal::app(cursor)?)),
        "KEY" => |cursor| {
            Ok(TagAtom::Key(
                comparison(cursor)?,
                literal::event_key(cursor)?,
            ))
        },
        "TIME" => |cursor| {
            Ok(TagAtom::Time(
                comparison(cursor)?,
                time::time_point(cursor)?,
            ))
        },
        "from" => |cursor| bound(cursor, Comparison::GreaterOrEqual),
        "to" => |cursor| bound(cursor, Comparison::Less),
        _ => return None,
    })
}

fn comparison(cursor: &mut Cursor<'_>) -> Parsed<Comparison> {
    let found = Comparison::ALL
        .into_iter()
        .find(|comparison| cursor.eat(comparison.spellings(), comparison.symbol()));
    found.ok_or_else(|| cursor.unexpected())
}

/// The legacy spellings `from(...)`, which includes its argument, and `to(...)`, which does not.
fn bound(cursor: &mut Cursor<'_>, comparison: Comparison) -> Parsed<TagAtom> {
    cursor.need(&["("], "(")?;
    cursor.skip_blank();
    let atom = if time::is_date(cursor) {
        TagAtom::Time(comparison, TimePoint::At(time::date(cursor)?))
    } else {
        cursor.tried("date");
        TagAtom::Key(comparison, literal::event_key(cursor)?)
    };
    cursor.need(&[")"], ")")?;
    Ok(atom)
}
