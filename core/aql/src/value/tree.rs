//! The value itself: what it can be, and how it is made.

use std::sync::Arc;

use super::container::{Array, Object};
use super::kind::ValueKind;
use super::number::{Finite, Number};

/// A value of the language. Cheap to clone: large parts are shared.
///
/// The order is total, for keys of groups and for sorting: values of different kinds come in the
/// order of [`ValueKind`], and numbers compare by what they are worth, so `1` equals `1.0`.
#[derive(Clone, Debug)]
pub enum Value {
    /// `NULL`
    Null,
    /// `TRUE` or `FALSE`
    Bool(bool),
    /// An integer or a finite floating-point number.
    Number(Number),
    /// Text.
    String(Arc<str>),
    /// Binary data; a query passes it on and compares it, nothing else.
    Bytes(Arc<[u8]>),
    /// A point in time, in microseconds since 1970.
    Timestamp(i64),
    /// Values in order.
    Array(Array),
    /// Named values.
    Object(Object),
    /// What the language cannot compute with, by the name that diagnostics call it; such as
    /// `BigDecimal`. A query passes it on as nothing but this name.
    Other(Arc<str>),
}

/// A value that is not made because it would break a bound of [`crate::limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Arrays and objects inside each other.
    #[error("value nested deeper than {} levels", crate::limits::VALUE_DEPTH_MAX)]
    TooDeep,
    /// Bytes in total.
    #[error("value larger than {} bytes", crate::limits::VALUE_BYTES_MAX)]
    TooLarge,
}

impl Value {
    /// A text.
    #[must_use]
    pub fn string(text: &str) -> Self {
        Self::String(text.into())
    }

    /// A floating-point number; nothing if it is infinite or not a number.
    #[must_use]
    pub fn float(number: f64) -> Option<Self> {
        Finite::new(number).map(|number| Self::Number(Number::Float(number)))
    }

    /// An array of values, within the bounds of [`crate::limits`].
    pub fn array(items: Vec<Self>) -> Result<Self, ValueError> {
        Array::new(items).map(Self::Array)
    }

    /// An object of named values, within the bounds of [`crate::limits`]; of equal names the last
    /// one counts.
    pub fn object(
        properties: impl IntoIterator<Item = (Arc<str>, Self)>,
    ) -> Result<Self, ValueError> {
        Object::new(properties.into_iter().collect()).map(Self::Object)
    }

    /// What sort of value it is.
    #[must_use]
    pub fn kind(&self) -> ValueKind {
        match self {
            Self::Null => ValueKind::Null,
            Self::Bool(_) => ValueKind::Bool,
            Self::Number(_) => ValueKind::Number,
            Self::String(_) => ValueKind::String,
            Self::Bytes(_) => ValueKind::Bytes,
            Self::Timestamp(_) => ValueKind::Timestamp,
            Self::Array(_) => ValueKind::Array,
            Self::Object(_) => ValueKind::Object,
            Self::Other(_) => ValueKind::Other,
        }
    }

    /// Whether it is the very value, not only an equal one: shared parts are the same ones. Quick,
    /// and never true of different values.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::String(left), Self::String(right)) => Arc::ptr_eq(left, right),
            (Self::Bytes(left), Self::Bytes(right)) => Arc::ptr_eq(left, right),
            (Self::Array(left), Self::Array(right)) => left.is_same(right),
            (Self::Object(left), Self::Object(right)) => left.is_same(right),
            (Self::Other(left), Self::Other(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }

    /// Arrays and objects inside each other, this one included.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::Array(array) => array.depth(),
            Self::Object(object) => object.depth(),
            _ => 0,
        }
    }

    /// Bytes, about, with shared parts counted each time.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::String(text) | Self::Other(text) => text.len(),
                Self::Bytes(bytes) => bytes.len(),
                Self::Array(array) => array.weight(),
                Self::Object(object) => object.weight(),
                _ => 0,
            }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(Number::from(number))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Number::from(number))
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}
