//! Why there is no value. The texts are part of the language: apps compare them.

use std::num::NonZeroU64;
use std::sync::Arc;

use crate::limits::{GROUPS_MAX, VALUES_AT_ONCE_MAX};
use crate::syntax::{Aggregator, AppId, Operator};
use crate::value::{Number, NumberError, Value, ValueError, ValueKind, shown};

/// What went wrong in one evaluation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("variable `{0}` is not bound")]
    NotBound(String),
    #[error("parameter `{0}` is not bound")]
    ParameterNotBound(String),
    #[error("no value added")]
    NoValue,
    #[error("cannot index by {0}")]
    NotAnIndex(String),
    #[error("property `{index}` not found in {kind}")]
    NotFound { index: String, kind: ValueKind },
    #[error("incompatible types in {aggregator}: {left} and {right}")]
    AggregatedTypes {
        aggregator: Aggregator,
        left: ValueKind,
        right: ValueKind,
    },
    #[error("binary operation {operator} cannot be applied to {left} and {right}")]
    OperandTypes {
        operator: Operator,
        left: ValueKind,
        right: ValueKind,
    },
    #[error("cannot spread a value of type {0}")]
    NotSpreadable(ValueKind),
    #[error("`{value}` is not of type {expected}")]
    WrongType { value: String, expected: ValueKind },
    #[error("`{0}` is not a positive integer")]
    NotPositive(String),
    #[error("Not supported: {0}")]
    NotSupported(Arc<str>),
    #[error("no case matched")]
    NoCase,
    #[error("{0} is not a bool")]
    NotABool(String),
    #[error("wrong number of arguments: 'IsDefined' takes 1 argument but {0} were provided")]
    ArgumentCount(usize),
    #[error("undefined function '{0}'")]
    UndefinedFunction(Arc<str>),
    #[error(transparent)]
    Number(#[from] NumberError),
    #[error(transparent)]
    Value(#[from] ValueError),
    #[error("a tag must not be empty")]
    EmptyTag,
    #[error("the query asks for appId(me), but no app id is known for the caller")]
    AppUnknown,
    /// What the caller said when a sub-query asked it for events.
    #[error("{0}")]
    Reading(String),
    #[error("anti-input cannot be processed in {0}()")]
    AntiInput(Aggregator),
    #[error("anti-input cannot be processed in saturated LIMIT")]
    AntiInputInLimit,
    #[error("more than {GROUPS_MAX} different values in {stage}")]
    TooManyGroups { stage: &'static str },
    #[error("more than {VALUES_AT_ONCE_MAX} values at once")]
    TooManyValues,
}

impl Problem {
    /// Whether the query cannot go on, because its state no longer stands for its input.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::AntiInput(_)
                | Self::AntiInputInLimit
                | Self::TooManyGroups { .. }
                | Self::TooManyValues
        )
    }

    pub(crate) fn wrong_type(value: &Value, expected: ValueKind) -> Self {
        let value = shown(&value.print());
        Self::WrongType { value, expected }
    }
}

/// Values as what an operation needs them to be.
impl Value {
    pub(crate) fn as_bool(&self) -> Result<bool, Problem> {
        match self {
            Self::Bool(value) => Ok(*value),
            _ => Err(Problem::NotABool(shown(self))),
        }
    }

    pub(crate) fn as_number(&self) -> Result<Number, Problem> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Other(name) => Err(Problem::NotSupported(name.clone())),
            _ => Err(Problem::wrong_type(self, ValueKind::Number)),
        }
    }

    /// An integer from 1 on; floating-point numbers are none, whatever they are worth.
    pub(crate) fn as_positive(&self) -> Result<NonZeroU64, Problem> {
        let number = match self {
            Self::Number(Number::Integer(number)) => u64::try_from(*number).ok(),
            _ => None,
        };
        let number = number.and_then(NonZeroU64::new);
        number.ok_or_else(|| Problem::NotPositive(shown(&self.print())))
    }

    pub(crate) fn as_timestamp(&self) -> Result<i64, Problem> {
        match self {
            Self::Timestamp(time_us) => Ok(*time_us),
            _ => Err(Problem::wrong_type(self, ValueKind::Timestamp)),
        }
    }

    pub(crate) fn as_string(&self) -> Result<&str, Problem> {
        match self {
            Self::String(text) => Ok(text),
            _ => Err(Problem::wrong_type(self, ValueKind::String)),
        }
    }
}

/// `appId(me)`, or the problem that nobody asks.
pub(crate) fn me(app: Option<&AppId>) -> Result<AppId, Problem> {
    app.cloned().ok_or(Problem::AppUnknown)
}
