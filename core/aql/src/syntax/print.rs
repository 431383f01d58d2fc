//! Expressions and stages as text that parses to the same tree.

use std::fmt;

use super::expr::{Expr, Item, Literal, Piece};
use super::name::Name;
use super::stage::{Grouped, Stage};
use crate::calendar::Civil;
use crate::value::{Number, write_decimal, write_string};

impl fmt::Display for Expr {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => literal.fmt(out),
            Self::Variable(name) => name.fmt(out),
            Self::Parameter(name) => write!(out, "${name}"),
            Self::Interpolation(pieces) => write_interpolation(out, pieces),
            Self::Array(items) => {
                out.write_str("[")?;
                write_items(out, items)?;
                out.write_str("]")
            }
            Self::Object(properties) => write_object(out, properties),
            Self::Index(head, path) => write_index(out, head, path),
            Self::Not(inner) => {
                out.write_str("!")?;
                write_operand(out, inner)
            }
            Self::Operation(first, rest) => {
                write_operand(out, first)?;
                rest.iter().try_for_each(|(operator, operand)| {
                    write!(out, " {operator} ")?;
                    write_operand(out, operand)
                })
            }
            Self::Cases(cases) => {
                for (condition, value) in cases {
                    write!(out, "CASE {condition} => {value} ")?;
                }
                out.write_str("ENDCASE")
            }
            Self::Function(name, arguments) => {
                write!(out, "{name}(")?;
                write_list(out, arguments)?;
                out.write_str(")")
            }
            Self::Aggregate(call) => write!(out, "{}({})", call.aggregator, call.argument),
            Self::SubQuery(pipeline) => write!(out, "{pipeline} END"),
            Self::Metadata(metadata, name) => write!(out, "{}({name})", metadata.keyword()),
            Self::Key(point) => write!(out, "KEY({point})"),
            Self::Time(time_us) => write!(out, "TIME({})", Civil::from_us(*time_us)),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("NULL"),
            Self::Bool(true) => out.write_str("TRUE"),
            Self::Bool(false) => out.write_str("FALSE"),
            Self::Integer(number) => number.fmt(out),
            Self::Decimal(number) => write_decimal(out, Number::Float(*number)),
            Self::String(text) => write_string(out, text),
        }
    }
}

/// Several operands have to stand in parentheses to be one.
fn write_operand(out: &mut fmt::Formatter<'_>, expr: &Expr) -> fmt::Result {
    if matches!(expr, Expr::Operation(..)) {
        write!(out, "({expr})")
    } else {
        write!(out, "{expr}")
    }
}

fn write_list<T: fmt::Display>(out: &mut fmt::Formatter<'_>, list: &[T]) -> fmt::Result {
    for (index, item) in list.iter().enumerate() {
        write!(out, "{}{item}", if index > 0 { ", " } else { "" })?;
    }
    Ok(())
}

/// Items of an array or of `SELECT`.
pub(super) fn write_items(out: &mut fmt::Formatter<'_>, items: &[Item]) -> fmt::Result {
    write_list(out, items)
}

impl fmt::Display for Item {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{}{}",
            if self.is_spread { "..." } else { "" },
            self.expr
        )
    }
}

fn write_object(out: &mut fmt::Formatter<'_>, properties: &[(Expr, Expr)]) -> fmt::Result {
    out.write_str("{")?;
    for (index, (key, value)) in properties.iter().enumerate() {
        out.write_str(if index > 0 { ", " } else { " " })?;
        match key {
            Expr::Literal(Literal::String(name)) if Name::is_name(name) => out.write_str(name)?,
            _ => write!(out, "[{key}]")?,
        }
        write!(out, ": {value}")?;
    }
    out.write_str(if properties.is_empty() { "}" } else { " }" })
}

fn write_index(out: &mut fmt::Formatter<'_>, head: &Expr, path: &[Expr]) -> fmt::Result {
    match head {
        Expr::Variable(_) | Expr::Parameter(_) => write!(out, "{head}")?,
        _ => write!(out, "({head})")?,
    }
    path.iter().try_for_each(|index| match index {
        Expr::Literal(Literal::String(name)) if Name::is_name(name) => write!(out, ".{name}"),
        _ => write!(out, "[{index}]"),
    })
}

/// Backticks and opening braces have no other spelling than their code.
pub(super) fn write_interpolation(out: &mut fmt::Formatter<'_>, pieces: &[Piece]) -> fmt::Result {
    out.write_str("`")?;
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                out.write_str(&text.replace('{', "{U+7B}").replace('`', "{U+60}"))?;
            }
            Piece::Value(expr) => write!(out, "{{{expr}}}")?,
        }
    }
    out.write_str("`")
}

impl fmt::Display for Stage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter(condition) => write!(out, "FILTER {condition}"),
            Self::Select(items) => {
                out.write_str("SELECT ")?;
                write_items(out, items)
            }
            Self::Aggregate(expr) => write!(out, "AGGREGATE {expr}"),
            Self::Group(key, grouped) => write!(out, "GROUP BY {key} {grouped}"),
            Self::Distinct => out.write_str("DISTINCT"),
            Self::Limit(count) => write!(out, "LIMIT {count}"),
            Self::Let(name, expr) => write!(out, "LET {name} := {expr}"),
        }
    }
}

impl fmt::Display for Grouped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keyword = match self {
            Self::Select(_) => "SELECT",
            Self::Aggregate(_) => "AGGREGATE",
        };
        write!(out, "{keyword} ")?;
        write_items(out, self.items())
    }
}
