//! The names of the kinds of values, as diagnostics show them.

use std::fmt;

/// What sort of value it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueKind {
    /// `NULL`
    Null,
    /// `TRUE` and `FALSE`
    Bool,
    /// A point in time.
    Timestamp,
    /// Integers and floating-point numbers.
    Number,
    /// Text.
    String,
    /// Binary data.
    Bytes,
    /// Named values.
    Object,
    /// Values in order.
    Array,
    /// What the language has no values for.
    Other,
}

impl fmt::Display for ValueKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Null => "Null",
            Self::Bool => "Bool",
            Self::Timestamp => "Timestamp",
            Self::Number => "Number",
            Self::String => "String",
            Self::Bytes => "Bytes",
            Self::Object => "Object",
            Self::Array => "Array",
            Self::Other => "Other",
        })
    }
}
