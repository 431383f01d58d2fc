//! Values of the scan: JSON, and how the language compares them.

use std::cmp::Ordering;

use serde_json::Value;

/// What has no value; why does not matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoValue;

pub(crate) type Computed = Result<Value, NoValue>;

/// A number: exact if both are integers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Integer(i128),
    Float(f64),
}

pub(crate) fn number(value: &Value) -> Result<Number, NoValue> {
    let Value::Number(number) = value else {
        return Err(NoValue);
    };
    let integer = number.as_i64().map(i128::from);
    let integer = integer.or_else(|| number.as_u64().map(i128::from));
    match integer {
        Some(integer) => Ok(Number::Integer(integer)),
        None => number.as_f64().map(Number::Float).ok_or(NoValue),
    }
}

impl Number {
    pub(crate) fn float(self) -> f64 {
        match self {
            Self::Integer(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }

    pub(crate) fn value(self) -> Computed {
        match self {
            Self::Integer(integer) => i64::try_from(integer).map(Value::from).map_err(|_| NoValue),
            Self::Float(float) if float.is_finite() => Ok(Value::from(float)),
            Self::Float(_) => Err(NoValue),
        }
    }
}

/// The order in which kinds stand among keys of groups.
fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Object(_) => 4,
        Value::Array(_) => 5,
    }
}

/// The total order of values: by kind, then by content.
pub(crate) fn order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Number(_), Value::Number(_)) => match (number(left), number(right)) {
            (Ok(Number::Integer(left)), Ok(Number::Integer(right))) => left.cmp(&right),
            // They are finite, and zero is zero whatever its sign.
            (Ok(left), Ok(right)) => {
                let order = left.float().partial_cmp(&right.float());
                order.unwrap_or(Ordering::Equal)
            }
            _ => Ordering::Equal,
        },
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Array(left), Value::Array(right)) => {
            let pairs = left.iter().zip(right);
            let first = pairs.map(|(left, right)| order(left, right));
            let different = first.into_iter().find(|order| order.is_ne());
            different.unwrap_or_else(|| left.len().cmp(&right.len()))
        }
        (Value::Object(left), Value::Object(right)) => {
            let text = |object: &serde_json::Map<String, Value>| -> Vec<Value> {
                let pairs = object.iter();
                pairs
                    .flat_map(|(name, value)| [Value::from(name.as_str()), value.clone()])
                    .collect()
            };
            order(&Value::from(text(left)), &Value::from(text(right)))
        }
        _ => rank(left).cmp(&rank(right)),
    }
}

/// What `<` sees: values of one kind, and only of kinds that have more and less.
pub(crate) fn compare(left: &Value, right: &Value) -> Result<Ordering, NoValue> {
    if rank(left) == rank(right) && rank(left) < 4 {
        Ok(order(left, right))
    } else {
        Err(NoValue)
    }
}

/// What `=` sees: values of one kind.
pub(crate) fn equals(left: &Value, right: &Value) -> Result<bool, NoValue> {
    if rank(left) == rank(right) {
        Ok(order(left, right).is_eq())
    } else {
        Err(NoValue)
    }
}
