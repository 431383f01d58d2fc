//! One expression, one value.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::metadata;
use super::operation;
use super::origin::{Origin, Traced};
use super::problem::Problem;
use super::scope::Scope;
use crate::limits::VALUE_BYTES_MAX;
use crate::syntax::{Expr, Item, Literal, Piece};
use crate::value::{Array, Number, Object, Value, ValueError, shown};

type Evaluated = Result<Traced, Problem>;

impl Expr {
    /// The value of the expression in that scope.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>) -> Evaluated {
        match self {
            Self::Literal(literal) => Ok(Traced::synthetic(constant(literal))),
            Self::Variable(name) => scope.variable(name).cloned(),
            Self::Parameter(name) => Ok(Traced::synthetic(scope.outside.parameter(name)?.clone())),
            Self::Interpolation(pieces) => {
                let (text, origin) = text(pieces, scope)?;
                Ok(Traced {
                    value: Value::string(&text),
                    origin,
                })
            }
            Self::Array(members) => array(members, scope),
            Self::Object(properties) => object(properties, scope),
            Self::Index(head, path) => index(head, path, scope),
            Self::Not(inner) => {
                let Traced { value, origin } = inner.evaluate(scope)?;
                let value = Value::Bool(!value.as_bool()?);
                Ok(Traced { value, origin })
            }
            Self::Operation(first, rest) => operation::evaluate(first, rest, scope),
            Self::Cases(cases) => first_case(cases, scope),
            Self::Function(name, arguments) => function(name, arguments, scope),
            Self::Aggregate(call) => scope.aggregate(call),
            Self::SubQuery(pipeline) => collected(scope.outside.sub_queries.run(pipeline, scope)?),
            Self::Metadata(metadata, name) => metadata::evaluate(*metadata, scope.variable(name)?),
            Self::Key(point) => Ok(Traced::synthetic(metadata::key_point(point)?)),
            Self::Time(time_us) => Ok(Traced::synthetic(Value::Timestamp(*time_us))),
        }
    }
}

fn constant(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Integer(number) => Value::Number(Number::Integer(*number)),
        Literal::Decimal(number) => Value::Number(Number::Float(*number)),
        Literal::String(text) => Value::String(text.clone()),
    }
}

/// The text of an interpolated string, and where its values come from.
pub(crate) fn text(pieces: &[Piece], scope: &Scope<'_>) -> Result<(String, Origin), Problem> {
    let mut text = String::new();
    let mut origin = Origin::Synthetic;
    for piece in pieces {
        match piece {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Value(expr) => {
                let traced = expr.evaluate(scope)?;
                origin.merge(&traced.origin);
                text.push_str(&traced.value.print());
            }
        }
        if text.len() > VALUE_BYTES_MAX {
            return Err(ValueError::TooLarge.into());
        }
    }
    Ok((text, origin))
}

/// What an item stands for: one value, or when it is spread any number of them. The results of a
/// sub-query keep their own origins.
pub(crate) fn items(item: &Item, scope: &Scope<'_>) -> Result<Vec<Traced>, Problem> {
    match &item.expr {
        Expr::SubQuery(pipeline) if item.is_spread => {
            scope.outside.sub_queries.run(pipeline, scope)
        }
        expr if item.is_spread => spread(&expr.evaluate(scope)?),
        expr => Ok(vec![expr.evaluate(scope)?]),
    }
}

fn spread(traced: &Traced) -> Result<Vec<Traced>, Problem> {
    let Value::Array(array) = &traced.value else {
        return Err(Problem::NotSpreadable(traced.value.kind()));
    };
    let member = |value: &Value| Traced {
        value: value.clone(),
        origin: traced.origin.clone(),
    };
    Ok(array.items().iter().map(member).collect())
}

fn array(members: &[Item], scope: &Scope<'_>) -> Evaluated {
    let mut values = Vec::with_capacity(members.len());
    for member in members {
        values.extend(items(member, scope)?);
        if values.len() > VALUE_BYTES_MAX / size_of::<Value>() {
            return Err(ValueError::TooLarge.into());
        }
    }
    collected(values)
}

/// Values as one array.
fn collected(values: Vec<Traced>) -> Evaluated {
    let mut origin = Origin::Synthetic;
    for value in &values {
        origin.merge(&value.origin);
    }
    let values = values.into_iter().map(|traced| traced.value).collect();
    Ok(Traced {
        value: Value::Array(Array::new(values)?),
        origin,
    })
}

fn object(properties: &[(Expr, Expr)], scope: &Scope<'_>) -> Evaluated {
    let mut values = BTreeMap::new();
    let mut origin = Origin::Synthetic;
    for (key, value) in properties {
        let key = key.evaluate(scope)?;
        let value = value.evaluate(scope)?;
        origin.merge(&key.origin);
        origin.merge(&value.origin);
        values.insert(property_name(&key.value)?, value.value);
    }
    Ok(Traced {
        value: Value::Object(Object::new(values)?),
        origin,
    })
}

/// Properties have texts for names; a position is the text of its digits.
fn property_name(key: &Value) -> Result<Arc<str>, Problem> {
    match key {
        Value::String(name) => Ok(name.clone()),
        Value::Number(Number::Integer(position)) if *position >= 0 => {
            Ok(position.to_string().into())
        }
        _ => Err(Problem::NotAnIndex(shown(key))),
    }
}

/// The value found by going down the path has the origin of the whole.
fn index(head: &Expr, path: &[Expr], scope: &Scope<'_>) -> Evaluated {
    let Traced { mut value, origin } = head.evaluate(scope)?;
    for index in path {
        value = match index {
            Expr::Literal(Literal::String(name)) => part(&value, name, None)?,
            _ => {
                let index = index.evaluate(scope)?.value;
                let name = property_name(&index)?;
                let position = match index {
                    Value::Number(Number::Integer(position)) => usize::try_from(position).ok(),
                    _ => None,
                };
                part(&value, &name, position)?
            }
        };
    }
    Ok(Traced { value, origin })
}

fn part(value: &Value, name: &str, position: Option<usize>) -> Result<Value, Problem> {
    let found = match value {
        Value::Object(object) => object.property(name),
        Value::Array(array) => position.and_then(|position| array.items().get(position)),
        _ => None,
    };
    found.cloned().ok_or_else(|| Problem::NotFound {
        index: shown(&name),
        kind: value.kind(),
    })
}

/// A condition that has no value, or another than a boolean, is not met.
fn first_case(cases: &[(Expr, Expr)], scope: &Scope<'_>) -> Evaluated {
    for (condition, value) in cases {
        let is_met = condition
            .evaluate(scope)
            .is_ok_and(|met| matches!(met.value, Value::Bool(true)));
        if is_met {
            return value.evaluate(scope);
        }
    }
    Err(Problem::NoCase)
}

fn function(name: &Arc<str>, arguments: &[Expr], scope: &Scope<'_>) -> Evaluated {
    match (&**name, arguments) {
        ("IsDefined", [argument]) => Ok(Traced::synthetic(argument.evaluate(scope).is_ok())),
        ("IsDefined", _) => Err(Problem::ArgumentCount(arguments.len())),
        _ => Err(Problem::UndefinedFunction(name.clone())),
    }
}
