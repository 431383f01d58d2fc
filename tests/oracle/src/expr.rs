//! Expressions: made by chance, written as text, and computed in the most obvious way.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use swarmlet_sim::random::Random;

use crate::scan::{Span, Traced};
use crate::value::{Computed, NoValue, Number, compare, equals, number};

/// What gives a value.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Constant(Value),
    /// A name, and the properties on the way to a part of its value.
    Path(&'static str, Vec<&'static str>),
    Parameter(&'static str),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Defined(Box<Expr>),
    Array(Vec<Expr>),
    Object(Vec<(&'static str, Expr)>),
    Case(Box<Expr>, Box<Expr>, Box<Expr>),
}

/// One of several texts.
pub(crate) fn one_of(random: &mut Random, from: &[&'static str]) -> &'static str {
    random.pick::<&str>(from)
}

/// Names and what they stand for.
pub(crate) type Names = BTreeMap<&'static str, Traced>;

/// The parameters of all queries.
pub(crate) fn parameters() -> Vec<(&'static str, Value)> {
    vec![
        ("three", json!(3)),
        ("text", json!("it's")),
        ("id", json!(1)),
        ("tag", json!("it's \u{e9}")),
    ]
}

impl Expr {
    /// Any expression, of which few make sense.
    pub(crate) fn any(random: &mut Random, depth: u64) -> Self {
        if depth == 0 {
            return Self::leaf(random);
        }
        let inner = |random: &mut Random| Box::new(Self::any(random, depth - 1));
        match random.below(12) {
            0..=3 => Self::leaf(random),
            4..=5 => {
                let operator = one_of(random, &ARITHMETIC);
                Self::Binary(operator, inner(random), inner(random))
            }
            6 => Self::Binary("??", inner(random), inner(random)),
            7 => Self::condition(random, depth),
            8 => Self::Array(vec![*inner(random), *inner(random)]),
            9 => Self::Object(vec![("one", *inner(random)), ("two", *inner(random))]),
            10 => Self::Case(inner(random), inner(random), inner(random)),
            _ => Self::Defined(inner(random)),
        }
    }

    /// An expression that is often a boolean.
    pub(crate) fn condition(random: &mut Random, depth: u64) -> Self {
        let inner = |random: &mut Random| match depth {
            0 => Box::new(Self::leaf(random)),
            _ => Box::new(Self::condition(random, depth - 1)),
        };
        match random.below(10) {
            0..=4 => {
                let operator = one_of(random, &COMPARISONS);
                let left = Box::new(Self::leaf(random));
                Self::Binary(operator, left, Box::new(Self::leaf(random)))
            }
            5..=6 => Self::Binary(one_of(random, &["&", "|"]), inner(random), inner(random)),
            7 => Self::Not(inner(random)),
            8 => Self::Defined(Box::new(Self::leaf(random))),
            _ => Self::field("flag"),
        }
    }

    /// An expression that is mostly a number.
    pub(crate) fn number(random: &mut Random) -> Self {
        let field = Self::field(one_of(random, &["n", "half", "sign"]));
        match random.below(4) {
            0 => Self::Binary("+", Box::new(field), Box::new(Self::Constant(json!(1)))),
            1 => Self::Binary("*", Box::new(field), Box::new(Self::field("sign"))),
            _ => field,
        }
    }

    /// A property of the current value.
    pub(crate) fn field(name: &'static str) -> Self {
        Self::Path("_", vec![name])
    }

    fn leaf(random: &mut Random) -> Self {
        let constants = [
            json!(0),
            json!(2),
            json!(-3),
            json!(0.5),
            json!("x"),
            json!(true),
            Value::Null,
        ];
        match random.below(8) {
            0..=4 => Self::field(one_of(random, &["n", "half", "s", "flag", "mixed", "sign"])),
            5 => Self::Path("_", vec!["mixed", "inner"]),
            6 => Self::Parameter(one_of(random, &["three", "text"])),
            _ => Self::Constant(random.pick(&constants).clone()),
        }
    }

    /// As text, with a parenthesis around every operation.
    pub(crate) fn text(&self) -> String {
        let list = |exprs: &[Self]| -> Vec<String> { exprs.iter().map(Self::text).collect() };
        match self {
            Self::Constant(value) => constant(value),
            Self::Path(name, path) => path
                .iter()
                .fold((*name).to_owned(), |text, part| format!("{text}.{part}")),
            Self::Parameter(name) => format!("${name}"),
            Self::Binary(operator, left, right) => {
                format!("({} {operator} {})", left.text(), right.text())
            }
            Self::Not(inner) => format!("!({})", inner.text()),
            Self::Defined(inner) => format!("IsDefined({})", inner.text()),
            Self::Array(items) => format!("[{}]", list(items).join(", ")),
            Self::Object(properties) => {
                let property = |(name, value): &(&str, Self)| format!("{name}: {}", value.text());
                let properties: Vec<_> = properties.iter().map(property).collect();
                format!("{{ {} }}", properties.join(", "))
            }
            Self::Case(condition, met, unmet) => format!(
                "CASE {} => {} CASE TRUE => {} ENDCASE",
                condition.text(),
                met.text(),
                unmet.text()
            ),
        }
    }

    /// The value, and which events it comes from.
    pub(crate) fn compute(&self, names: &Names) -> Result<Traced, NoValue> {
        match self {
            Self::Constant(value) => Ok(Traced::made(value.clone())),
            Self::Path(name, path) => {
                let Traced { value, span } = names.get(name).ok_or(NoValue)?;
                let part = path.iter().try_fold(value, |value, part| value.get(*part));
                let value = part.ok_or(NoValue)?.clone();
                Ok(Traced { value, span: *span })
            }
            Self::Parameter(name) => {
                let parameters = parameters();
                let found = parameters.into_iter().find(|(known, _)| known == name);
                found.map(|(_, value)| Traced::made(value)).ok_or(NoValue)
            }
            Self::Binary("??", left, right) => {
                left.compute(names).or_else(|_| right.compute(names))
            }
            Self::Binary(operator, left, right) => {
                let (left, right) = (left.compute(names)?, right.compute(names)?);
                let value = operate(operator, &left.value, &right.value)?;
                let span = Span::union(left.span, right.span);
                Ok(Traced { value, span })
            }
            Self::Not(inner) => {
                let Traced { value, span } = inner.compute(names)?;
                let value = Value::Bool(!value.as_bool().ok_or(NoValue)?);
                Ok(Traced { value, span })
            }
            Self::Defined(inner) => Ok(Traced::made(Value::Bool(inner.compute(names).is_ok()))),
            Self::Array(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|e| e.compute(names)).collect();
                Ok(Traced::of_all(items?, Value::from))
            }
            Self::Object(properties) => {
                let mut spans = Vec::new();
                let mut object = serde_json::Map::new();
                for (name, expr) in properties {
                    let Traced { value, span } = expr.compute(names)?;
                    object.insert((*name).to_owned(), value);
                    spans.push(span);
                }
                let span = spans.into_iter().fold(None, Span::union);
                let value = Value::Object(object);
                Ok(Traced { value, span })
            }
            Self::Case(condition, met, unmet) => {
                let outcome = condition.compute(names);
                let is_met = outcome.is_ok_and(|met| met.value == Value::Bool(true));
                if is_met { met } else { unmet }.compute(names)
            }
        }
    }
}

fn constant(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Null => "NULL".to_owned(),
        Value::Bool(true) => "TRUE".to_owned(),
        Value::Bool(false) => "FALSE".to_owned(),
        other => other.to_string(),
    }
}

fn operate(operator: &str, left: &Value, right: &Value) -> Computed {
    let is = |is_met: bool| Ok(Value::Bool(is_met));
    match operator {
        "&" | "|" => {
            let decides = operator == "|";
            let left = left.as_bool().ok_or(NoValue)?;
            if left == decides {
                return is(left);
            }
            is(right.as_bool().ok_or(NoValue)?)
        }
        "=" => is(equals(left, right)?),
        "!=" => is(!equals(left, right)?),
        "<" => is(compare(left, right)?.is_lt()),
        "<=" => is(compare(left, right)?.is_le()),
        ">" => is(compare(left, right)?.is_gt()),
        ">=" => is(compare(left, right)?.is_ge()),
        _ => arithmetic(operator, number(left)?, number(right)?),
    }
}

fn arithmetic(operator: &str, left: Number, right: Number) -> Computed {
    if let (Number::Integer(left), Number::Integer(right)) = (left, right) {
        let exact = match operator {
            "+" => left.checked_add(right),
            "-" => left.checked_sub(right),
            "*" => left.checked_mul(right),
            "/" => left.checked_div(right),
            _ => left.checked_rem(right),
        };
        return Number::Integer(exact.ok_or(NoValue)?).value();
    }
    let (left, right) = (left.float(), right.float());
    if matches!(operator, "/" | "%") && right == 0.0 {
        return Err(NoValue);
    }
    Number::Float(match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" => left / right,
        _ => left % right,
    })
    .value()
}

const ARITHMETIC: [&str; 5] = ["+", "-", "*", "/", "%"];
const COMPARISONS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];
