//! Expressions: operands with operators between them, and lists of expressions.
//!
//! Operators stay in the order of the text, so a long chain of them is not deep, and precedence is
//! for those who compute.

use super::atom::atom;
use super::cursor::{Cursor, Parsed};
use crate::syntax::{Expr, Item, Operator};

/// One expression.
pub(super) fn expr(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    let first = operand(cursor)?;
    let mut rest = Vec::new();
    while let Some(operator) = operator(cursor) {
        rest.push((operator, operand(cursor)?));
    }
    if rest.is_empty() {
        return Ok(first);
    }
    Ok(Expr::Operation(Box::new(first), rest))
}

/// The operator at the cursor; `=>` is none, though it begins like one.
fn operator(cursor: &mut Cursor<'_>) -> Option<Operator> {
    const NAME: &str = "operator";
    cursor.skip_blank();
    if cursor.rest().starts_with("=>") {
        cursor.tried(NAME);
        return None;
    }
    Operator::ALL
        .into_iter()
        .find(|operator| cursor.eat_here(operator.spellings(), NAME))
}

fn operand(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    if cursor.eat(&["!", "\u{ac}"], "expression") {
        let inner = cursor.descend(operand)?;
        return Ok(Expr::Not(Box::new(inner)));
    }
    atom(cursor)
}

/// At least one item, with commas between them.
pub(super) fn items(cursor: &mut Cursor<'_>) -> Parsed<Vec<Item>> {
    let mut items = vec![item(cursor)?];
    while cursor.eat(&[","], ",") {
        items.push(item(cursor)?);
    }
    Ok(items)
}

fn item(cursor: &mut Cursor<'_>) -> Parsed<Item> {
    let is_spread = cursor.eat(&["..."], "...");
    let expr = expr(cursor)?;
    Ok(Item { is_spread, expr })
}

/// `[...]`, which may be empty.
pub(super) fn array(cursor: &mut Cursor<'_>) -> Parsed<Vec<Item>> {
    cursor.need(&["["], "[")?;
    if cursor.eat(&["]"], "]") {
        return Ok(Vec::new());
    }
    let items = items(cursor)?;
    cursor.need(&["]"], "]")?;
    Ok(items)
}
