//! Numbers: exact integers, finite floating-point numbers, and checked arithmetic on both.
//!
//! Two integers give an integer, anything else a floating-point number. What leaves the range is
//! an error, never a wrong result.

use std::cmp::Ordering;
use std::fmt;

use crate::limits::{INTEGER_MAX, INTEGER_MIN};

/// A number. Numbers compare by what they are worth, exactly: `1` equals `1.0`.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// An integer between [`INTEGER_MIN`] and [`INTEGER_MAX`].
    Integer(i128),
    /// A floating-point number.
    Float(Finite),
}

/// A floating-point number that is neither infinite nor not a number.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Finite(f64);

/// Arithmetic that has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NumberError {
    #[error("integer overflow")]
    IntegerOverflow,
    #[error("integer underflow")]
    IntegerUnderflow,
    #[error("floating-point overflow")]
    FloatOverflow,
    #[error("floating-point underflow")]
    FloatUnderflow,
    #[error("division by zero")]
    DivisionByZero,
    #[error("not a number")]
    NotANumber,
}

type Computed = Result<Number, NumberError>;

impl Finite {
    /// The number, if it is finite.
    #[must_use]
    pub fn new(number: f64) -> Option<Self> {
        number.is_finite().then_some(Self(number))
    }

    /// The number.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }
}

/// Finite numbers always compare.
impl Eq for Finite {}

impl Number {
    /// The integer, if the language has it.
    #[must_use]
    pub fn integer(number: i128) -> Option<Self> {
        (INTEGER_MIN..=INTEGER_MAX)
            .contains(&number)
            .then_some(Self::Integer(number))
    }

    /// The nearest floating-point number.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "the nearest number is what is asked for"
    )]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Integer(number) => number as f64,
            Self::Float(number) => number.0,
        }
    }

    pub(crate) fn add(self, other: Self) -> Computed {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => in_range(left + right),
            _ => finite(self.to_f64() + other.to_f64()),
        }
    }

    pub(crate) fn subtract(self, other: Self) -> Computed {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => in_range(left - right),
            _ => finite(self.to_f64() - other.to_f64()),
        }
    }

    pub(crate) fn multiply(self, other: Self) -> Computed {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => match left.checked_mul(right) {
                Some(product) => in_range(product),
                None => Err(beyond(left.is_negative() != right.is_negative())),
            },
            _ => finite(self.to_f64() * other.to_f64()),
        }
    }

    /// Integers lose the fraction, towards zero.
    pub(crate) fn divide(self, other: Self) -> Computed {
        match (self, other) {
            (Self::Integer(_), Self::Integer(0)) => Err(NumberError::DivisionByZero),
            (Self::Integer(left), Self::Integer(right)) => in_range(left / right),
            _ => finite(self.to_f64() / other.to_f64()),
        }
    }

    /// The remainder of [`Number::divide`], with the sign of the dividend.
    pub(crate) fn remainder(self, other: Self) -> Computed {
        match (self, other) {
            (Self::Integer(_), Self::Integer(0)) => Err(NumberError::DivisionByZero),
            (Self::Integer(left), Self::Integer(right)) => in_range(left % right),
            _ => finite(self.to_f64() % other.to_f64()),
        }
    }

    /// A negative exponent makes integers floating-point numbers.
    pub(crate) fn power(self, other: Self) -> Computed {
        match (self, other) {
            (Self::Integer(base), Self::Integer(exponent)) if exponent >= 0 => {
                integer_power(base, exponent)
            }
            _ => finite(self.to_f64().powf(other.to_f64())),
        }
    }
}

fn integer_power(base: i128, exponent: i128) -> Computed {
    let is_odd = exponent % 2 == 1;
    match base {
        0 | 1 => return Ok(Number::Integer(if exponent == 0 { 1 } else { base })),
        -1 => return Ok(Number::Integer(if is_odd { -1 } else { 1 })),
        _ => {}
    }
    let power = u32::try_from(exponent)
        .ok()
        .and_then(|exponent| base.checked_pow(exponent));
    match power {
        Some(power) => in_range(power),
        None => Err(beyond(base.is_negative() && is_odd)),
    }
}

/// An integer as a number, or on which side it leaves the range.
pub(crate) fn in_range(number: i128) -> Computed {
    Number::integer(number).ok_or_else(|| beyond(number.is_negative()))
}

fn beyond(is_negative: bool) -> NumberError {
    if is_negative {
        NumberError::IntegerUnderflow
    } else {
        NumberError::IntegerOverflow
    }
}

/// A floating-point result as a number, or why it is none.
pub(crate) fn finite(number: f64) -> Computed {
    match Finite::new(number) {
        Some(number) => Ok(Number::Float(number)),
        None if number.is_nan() => Err(NumberError::NotANumber),
        None if number < 0.0 => Err(NumberError::FloatUnderflow),
        None => Err(NumberError::FloatOverflow),
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::Integer(number.into())
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self::Integer(number.into())
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => left.cmp(right),
            (Self::Float(left), Self::Float(right)) => compare_floats(left.0, right.0),
            (Self::Integer(left), Self::Float(right)) => compare_mixed(*left, right.0),
            (Self::Float(left), Self::Integer(right)) => compare_mixed(*right, left.0).reverse(),
        }
    }
}

fn compare_floats(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right)
        .expect("finite numbers always compare")
}

/// Compares without rounding: the whole part as integers, then the fraction.
#[expect(
    clippy::cast_possible_truncation,
    reason = "whole parts outside the range of integers are handled before"
)]
fn compare_mixed(integer: i128, float: f64) -> Ordering {
    const OUTSIDE: f64 = 1e38;
    if float.abs() >= OUTSIDE {
        return compare_floats(0.0, float);
    }
    let whole = float.trunc();
    integer
        .cmp(&(whole as i128))
        .then_with(|| compare_floats(0.0, float - whole))
}

/// As a query would have it, and as short as possible; floating-point numbers of moderate size
/// keep their decimal point.
impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(out),
            Self::Float(number) => write!(out, "{:?}", number.0),
        }
    }
}

/// Writes a number without exponent, which query texts do not have.
pub(crate) fn write_decimal(out: &mut fmt::Formatter<'_>, number: Number) -> fmt::Result {
    match number {
        Number::Integer(number) => write!(out, "{number}"),
        Number::Float(number) => {
            let digits = number.0.to_string();
            out.write_str(&digits)?;
            out.write_str(if digits.contains('.') { "" } else { ".0" })
        }
    }
}
