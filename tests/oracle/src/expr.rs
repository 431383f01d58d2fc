//! Expressions: made by chance, written as text, and computed in the most obvious way.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use swarmlet_sim::random::Random;

use crate::answer::inner_answer;
use crate::ask::Ask;
use crate::scan::{Scene, Span, Traced, holds};
use crate::select::{BOUNDS, some_time, time};
use crate::value::{Computed, NoValue, Number, compare, equals, number};
use crate::world::Known;

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
    /// A member of an array.
    Member(Box<Expr>, usize),
    /// `TAGS`
    Tags(&'static str),
    /// `APP`
    App(&'static str),
    /// Whether the first time of the current value stands so to another one.
    Time(&'static str, i64),
    /// A query for each value.
    Query(Box<Ask>),
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
        match random.below(16) {
            0..=4 => Self::leaf(random),
            12 => Self::Member(inner(random), random.below(2) as usize),
            13 => Self::Tags(one_of(random, &["_", "x"])),
            14 => Self::App(one_of(random, &["_", "x"])),
            15 => {
                let power = [json!(2), json!(3), json!(-1), json!(0.5)];
                let power = Self::Constant(random.pick(&power).clone());
                Self::Binary("^", Box::new(Self::leaf(random)), Box::new(power))
            }
            5 => {
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
            5..=6 => Self::Binary(
                one_of(random, &["&", "|", "~"]),
                inner(random),
                inner(random),
            ),
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

    /// A condition on the time of the current value.
    pub(crate) fn time(random: &mut Random, known: &[Known]) -> Self {
        Self::Time(one_of(random, &BOUNDS), some_time(random, known))
    }

    /// A property of the current value.
    pub(crate) fn field(name: &'static str) -> Self {
        Self::Path("_", vec![name])
    }

    /// A value as it is written.
    pub(crate) fn constant(random: &mut Random) -> Self {
        let constants = [
            json!(0),
            json!(2),
            json!(-3),
            json!(0.5),
            json!("x"),
            json!(true),
            Value::Null,
        ];
        Self::Constant(random.pick(&constants).clone())
    }

    /// An expression without parts.
    pub(crate) fn leaf(random: &mut Random) -> Self {
        match random.below(9) {
            8 => Self::Path("x", Vec::new()),
            0..=4 => Self::field(one_of(random, &["n", "half", "s", "flag", "mixed", "sign"])),
            5 => Self::Path("_", vec!["mixed", "inner"]),
            6 => Self::Parameter(one_of(random, &["three", "text"])),
            _ => Self::constant(random),
        }
    }

    /// As text, with a parenthesis only where operators do not bind so without it.
    pub(crate) fn text(&self) -> String {
        let list = |exprs: &[Self]| -> Vec<String> { exprs.iter().map(Self::text).collect() };
        match self {
            Self::Constant(value) => constant(value),
            Self::Path(name, path) => path
                .iter()
                .fold((*name).to_owned(), |text, part| format!("{text}.{part}")),
            Self::Parameter(name) => format!("${name}"),
            Self::Binary(operator, left, right) => {
                let own = binding(operator);
                let (left, right) = (left.text_above(own), right.text_above(own + 1));
                format!("{left} {operator} {right}")
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
            Self::Member(array, index) => format!("({})[{index}]", array.text()),
            Self::Tags(name) => format!("TAGS({name})"),
            Self::App(name) => format!("APP({name})"),
            Self::Time(by, time_us) => format!("((TIME(_))[0] {by} TIME({}))", time(*time_us)),
            Self::Query(ask) => format!("({} END)", ask.text()),
        }
    }

    /// The text of an operand whose operators bind at least so tightly.
    fn text_above(&self, least: u8) -> String {
        match self {
            Self::Binary(operator, ..) if binding(operator) < least => format!("({})", self.text()),
            _ => self.text(),
        }
    }

    /// The value, and which events it comes from.
    pub(crate) fn compute(&self, names: &Names, scene: &Scene<'_>) -> Result<Traced, NoValue> {
        let compute = |expr: &Self| expr.compute(names, scene);
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
            Self::Binary("??", left, right) => compute(left).or_else(|_| compute(right)),
            Self::Binary(operator, left, right) => {
                let (left, right) = (compute(left)?, compute(right)?);
                let value = operate(operator, &left.value, &right.value)?;
                let span = Span::union(left.span, right.span);
                Ok(Traced { value, span })
            }
            Self::Not(inner) => {
                let Traced { value, span } = compute(inner)?;
                let value = Value::Bool(!value.as_bool().ok_or(NoValue)?);
                Ok(Traced { value, span })
            }
            Self::Defined(inner) => Ok(Traced::made(Value::Bool(compute(inner).is_ok()))),
            Self::Array(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(compute).collect();
                Ok(Traced::of_all(items?, Value::from))
            }
            Self::Object(properties) => {
                let values = properties.iter().map(|(_, value)| compute(value));
                let names = properties.iter().map(|(name, _)| (*name).to_owned());
                Ok(Traced::of_all(
                    values.collect::<Result<_, _>>()?,
                    |values| names.clone().zip(values).collect(),
                ))
            }
            Self::Case(condition, met, unmet) => {
                let outcome = compute(condition);
                let is_met = outcome.is_ok_and(|met| met.value == Value::Bool(true));
                compute(if is_met { met } else { unmet })
            }
            Self::Member(array, index) => {
                let Traced { value, span } = compute(array)?;
                let value = value.get(index).ok_or(NoValue)?.clone();
                Ok(Traced { value, span })
            }
            Self::Tags(name) => about(names, scene, name, |known| json!(known.tags)),
            Self::App(name) => about(names, scene, name, |known| json!([known.app])),
            Self::Time(by, time_us) => {
                let span = names.get("_").ok_or(NoValue)?.span;
                let from_us = span.ok_or(NoValue)?.from_us;
                let value = Value::Bool(holds(by, &from_us, time_us));
                Ok(Traced { value, span })
            }
            Self::Query(ask) => match inner_answer(ask, scene, names) {
                told if told.diagnostics > 0 => Err(NoValue),
                told => Ok(Traced::of_all(told.rows, Value::from)),
            },
        }
    }

    /// Whether it is the current value or a part of it.
    pub(crate) fn is_path(&self) -> bool {
        matches!(self, Self::Path("_", _))
    }

    /// Whether there is a query in it, at its top.
    pub(crate) fn has_query(&self) -> bool {
        match self {
            Self::Query(_) => true,
            Self::Array(items) => items.iter().any(Self::has_query),
            Self::Member(array, _) => array.has_query(),
            Self::Binary(_, left, right) => left.has_query() || right.has_query(),
            _ => false,
        }
    }
}

/// What is known of the event that a value comes from; nothing of none and of several.
fn about(
    names: &Names,
    scene: &Scene<'_>,
    name: &str,
    of: impl Fn(&Known) -> Value,
) -> Result<Traced, NoValue> {
    let span = names.get(name).ok_or(NoValue)?.span;
    let value = scene.event(span).map_or_else(|| json!([]), of);
    Ok(Traced { value, span })
}

/// How tightly an operator binds; equals bind from left to right.
fn binding(operator: &str) -> u8 {
    match operator {
        "??" => 0,
        "|" => 1,
        "~" => 2,
        "&" => 3,
        "=" | "!=" => 4,
        "<" | "<=" | ">" | ">=" => 5,
        "+" | "-" => 6,
        "*" | "/" | "%" => 7,
        _ => 8,
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
        "~" => {
            let (left, right) = (left.as_bool(), right.as_bool());
            is(left.ok_or(NoValue)? != right.ok_or(NoValue)?)
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
            "^" => match u32::try_from(right) {
                Ok(right) => left.checked_pow(right),
                Err(_) => return Number::Float((left as f64).powf(right as f64)).value(),
            },
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
        "^" => left.powf(right),
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
