//! Operands of expressions: everything that stands between operators.

use super::cursor::{Cursor, Mode, Parsed};
use super::expr::{array, expr};
use super::interpolation::interpolation;
use super::literal::{event_key, name, number, parameter, quoted};
use super::query::pipeline;
use super::time::{date, is_date};
use crate::error::{ParseErrorKind, is_word};
use crate::syntax::{Aggregator, Call, Expr, Literal, Metadata, Name};

/// One operand, without the `!` in front of it.
pub(super) fn atom(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    cursor.skip_blank();
    let Some(first) = cursor.peek() else {
        return Err(nothing(cursor));
    };
    match first {
        '\'' | '"' => Ok(Expr::string(&quoted(cursor, first)?)),
        '`' => Ok(Expr::Interpolation(interpolation(cursor)?)),
        '[' => Ok(Expr::Array(cursor.descend(array)?)),
        '{' => Ok(Expr::Object(cursor.descend(object)?)),
        '(' => parenthesis(cursor),
        '$' => {
            let parameter = Expr::Parameter(parameter(cursor)?);
            indexed(cursor, parameter)
        }
        _ if starts_number(cursor.rest()) => Ok(Expr::Literal(number(cursor)?)),
        _ if is_word(first) => word(cursor),
        _ => Err(nothing(cursor)),
    }
}

fn nothing(cursor: &mut Cursor<'_>) -> crate::error::ParseError {
    cursor.tried("expression");
    cursor.unexpected()
}

fn starts_number(rest: &str) -> bool {
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    digits.starts_with(|next: char| next.is_ascii_digit())
}

fn parenthesis(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    cursor.need(&["("], "(")?;
    let inner = cursor.descend(expr)?;
    cursor.need(&[")"], ")")?;
    indexed(cursor, inner)
}

/// What begins with a word: a keyword, a function or a variable.
fn word(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    let word = cursor.peek_word();
    let of = |keyword: &str| word == keyword;
    if let Some(literal) = literal(word) {
        cursor.take_while(is_word);
        return Ok(Expr::Literal(literal));
    }
    if let Some(aggregator) = Aggregator::ALL.into_iter().find(|call| of(call.keyword())) {
        return aggregate(cursor, aggregator);
    }
    if let Some(metadata) = Metadata::ALL.into_iter().find(|data| of(data.keyword())) {
        return metadata_of(cursor, metadata);
    }
    if of("CASE") {
        return cases(cursor);
    }
    if of("FROM") {
        cursor.take_while(is_word);
        let pipeline = cursor.descend_query(pipeline)?;
        return Ok(Expr::SubQuery(Box::new(pipeline)));
    }
    if !Name::is_name(word) {
        return Err(nothing(cursor));
    }
    variable_or_function(cursor)
}

fn literal(word: &str) -> Option<Literal> {
    Some(match word {
        "NULL" => Literal::Null,
        "TRUE" => Literal::Bool(true),
        "FALSE" => Literal::Bool(false),
        _ => return None,
    })
}

fn variable_or_function(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    let start = cursor.at();
    let word = cursor.peek_word();
    let name = variable(cursor, start)?;
    if word.starts_with(char::is_uppercase) && cursor.eat(&["("], "(") {
        let arguments = cursor.descend(arguments)?;
        return Ok(Expr::Function(word.into(), arguments));
    }
    indexed(cursor, Expr::Variable(name))
}

/// The name of a variable; the current value is one where there is a current value.
fn variable(cursor: &mut Cursor<'_>, start: usize) -> Parsed<Name> {
    let name = name(cursor)?;
    if name.is_current() && cursor.mode() == Mode::All {
        return Err(cursor.refuse(ParseErrorKind::NoCurrentValue, start));
    }
    Ok(name)
}

/// Expressions with commas between them, and the closing parenthesis.
fn arguments(cursor: &mut Cursor<'_>) -> Parsed<Vec<Expr>> {
    let mut arguments = Vec::new();
    if cursor.eat(&[")"], ")") {
        return Ok(arguments);
    }
    loop {
        arguments.push(expr(cursor)?);
        if !cursor.eat(&[","], ",") {
            cursor.need(&[")"], ")")?;
            return Ok(arguments);
        }
    }
}

fn aggregate(cursor: &mut Cursor<'_>, aggregator: Aggregator) -> Parsed<Expr> {
    let start = cursor.at();
    if cursor.mode() == Mode::Each {
        return Err(cursor.refuse(ParseErrorKind::AggregatorOutside, start));
    }
    cursor.take_while(is_word);
    cursor.need(&["("], "(")?;
    let argument = cursor.within(Mode::Each, |cursor| cursor.descend(expr))?;
    cursor.need(&[")"], ")")?;
    Ok(Expr::Aggregate(Box::new(Call {
        aggregator,
        argument,
    })))
}

/// `KEY(variable or event key)`, `TIME(variable or date)`, `TAGS(variable)`, `APP(variable)`.
fn metadata_of(cursor: &mut Cursor<'_>, metadata: Metadata) -> Parsed<Expr> {
    cursor.take_while(is_word);
    cursor.need(&["("], "(")?;
    cursor.skip_blank();
    let start = cursor.at();
    let is_number = starts_number(cursor.rest());
    let expr = match metadata {
        Metadata::Key if is_number => Expr::Key(event_key(cursor)?),
        Metadata::Time if is_date(cursor) => Expr::Time(date(cursor)?),
        _ => {
            match metadata {
                Metadata::Key => cursor.tried("lamport"),
                Metadata::Time => cursor.tried("date"),
                Metadata::Tags | Metadata::App => {}
            }
            Expr::Metadata(metadata, variable(cursor, start)?)
        }
    };
    cursor.need(&[")"], ")")?;
    Ok(expr)
}

fn cases(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    let mut cases = Vec::new();
    while cursor.eat_keyword("CASE") {
        let condition = cursor.descend(expr)?;
        cursor.need(&["=>", "\u{21d2}", "\u{27f9}"], "=>")?;
        cases.push((condition, cursor.descend(expr)?));
    }
    cursor.need_keyword("ENDCASE")?;
    Ok(Expr::Cases(cases))
}

/// `{ name: expr, ... }`; commas are optional, and a key may be computed.
fn object(cursor: &mut Cursor<'_>) -> Parsed<Vec<(Expr, Expr)>> {
    let mut properties = Vec::new();
    cursor.need(&["{"], "{")?;
    while !cursor.eat(&["}"], "}") {
        let key = if cursor.eat(&["["], "[") {
            let key = expr(cursor)?;
            cursor.need(&["]"], "]")?;
            key
        } else {
            property_name(cursor)?
        };
        cursor.need(&[":"], ":")?;
        properties.push((key, expr(cursor)?));
        cursor.eat(&[","], ",");
    }
    Ok(properties)
}

/// An identifier as it is: properties are other people's names, so nothing is normalised.
fn property_name(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    let word = cursor.peek_word();
    if !Name::is_name(word) {
        cursor.tried("identifier");
        return Err(cursor.unexpected());
    }
    cursor.take_while(is_word);
    Ok(Expr::string(word))
}

/// The expression with the indices that follow it.
fn indexed(cursor: &mut Cursor<'_>, head: Expr) -> Parsed<Expr> {
    const NAME: &str = "index";
    let mut path = Vec::new();
    loop {
        cursor.skip_blank();
        let is_spread = cursor.rest().starts_with("...");
        if !is_spread && cursor.eat_here(&["."], NAME) {
            path.push(property_name(cursor)?);
        } else if cursor.eat_here(&["["], NAME) {
            path.push(cursor.descend(expr)?);
            cursor.need(&["]"], "]")?;
        } else if path.is_empty() {
            return Ok(head);
        } else {
            return Ok(Expr::Index(Box::new(head), path));
        }
    }
}
