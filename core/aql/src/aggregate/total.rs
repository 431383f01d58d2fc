//! `SUM`, `PRODUCT` and `AVG`: running totals from which a value can be taken back.
//!
//! Totals of integers are exact, whatever comes and goes in between. As soon as there is a
//! floating-point number the total is one, computed in the order of the inputs.

use crate::eval::{Origin, Problem, Traced};
use crate::syntax::Aggregator;
use crate::value::{Number, NumberError, Value, ValueKind, finite, in_range};

/// A running total and where its inputs come from.
#[derive(Clone, Debug)]
pub(crate) struct Total {
    aggregator: Aggregator,
    inputs: u64,
    content: Content,
    origin: Origin,
}

#[derive(Clone, Debug)]
enum Content {
    Empty,
    /// How many inputs decide the result by themselves: true ones of a sum, false ones of a
    /// product.
    Bools(u64),
    Numbers(Numbers),
    Failed(Problem),
}

/// Zeros of a product are counted apart, so that they can be taken back.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    integers: i128,
    float: f64,
    floats: u64,
    zeros: u64,
}

impl Total {
    pub(super) fn new(aggregator: Aggregator) -> Self {
        Self {
            aggregator,
            inputs: 0,
            content: Content::Empty,
            origin: Origin::Synthetic,
        }
    }

    /// A failure stays until the end: it stands for an input that cannot be part of a total.
    pub(super) fn add(&mut self, input: &Traced, is_anti: bool) {
        if matches!(self.content, Content::Failed(_)) {
            return;
        }
        if let Err(problem) = self.add_value(&input.value, is_anti) {
            self.content = Content::Failed(problem);
            return;
        }
        self.origin.merge(&input.origin);
        self.inputs = step(self.inputs, is_anti);
        if self.inputs == 0 {
            *self = Self::new(self.aggregator);
        }
    }

    pub(super) fn result(&self) -> Result<Traced, Problem> {
        let value = match &self.content {
            Content::Empty => return Err(Problem::NoValue),
            Content::Failed(problem) => return Err(problem.clone()),
            Content::Bools(deciding) => Value::Bool(match self.aggregator {
                Aggregator::Product => *deciding == 0,
                _ => *deciding > 0,
            }),
            Content::Numbers(numbers) => Value::Number(self.number(numbers)?),
        };
        Ok(Traced {
            value,
            origin: self.origin.clone(),
        })
    }

    fn number(&self, numbers: &Numbers) -> Result<Number, NumberError> {
        match self.aggregator {
            Aggregator::Product => numbers.product(),
            Aggregator::Average => finite(numbers.sum_as_float() / as_float(self.inputs.into())),
            _ => numbers.sum(),
        }
    }

    fn add_value(&mut self, value: &Value, is_anti: bool) -> Result<(), Problem> {
        let is_product = self.aggregator == Aggregator::Product;
        if matches!(self.content, Content::Empty) {
            self.content = match value {
                Value::Bool(_) if self.aggregator != Aggregator::Average => Content::Bools(0),
                _ => {
                    value.as_number()?;
                    Content::Numbers(Numbers::new(is_product))
                }
            };
        }
        match (&mut self.content, value) {
            (Content::Bools(deciding), Value::Bool(value)) => {
                if *value != is_product {
                    *deciding = step(*deciding, is_anti);
                }
            }
            (Content::Numbers(numbers), Value::Number(number)) if is_product => {
                numbers.multiply(*number, is_anti)?;
            }
            (Content::Numbers(numbers), Value::Number(number)) => numbers.add(*number, is_anti),
            (Content::Bools(_), _) => return Err(self.mismatch(ValueKind::Bool, value)),
            _ => return Err(self.mismatch(ValueKind::Number, value)),
        }
        Ok(())
    }

    fn mismatch(&self, left: ValueKind, right: &Value) -> Problem {
        Problem::AggregatedTypes {
            aggregator: self.aggregator,
            left,
            right: right.kind(),
        }
    }
}

impl Numbers {
    fn new(is_product: bool) -> Self {
        Self {
            integers: i128::from(is_product),
            float: 0.0,
            floats: 0,
            zeros: 0,
        }
    }

    fn add(&mut self, number: Number, is_anti: bool) {
        let signed = |number: f64| if is_anti { -number } else { number };
        match number {
            Number::Integer(number) => {
                self.float += signed(as_float(number));
                self.integers =
                    self.integers
                        .saturating_add(if is_anti { -number } else { number });
            }
            Number::Float(number) => {
                if self.floats == 0 {
                    self.float = as_float(self.integers);
                }
                self.float += signed(number.value());
                self.floats = step(self.floats, is_anti);
            }
        }
    }

    fn sum(&self) -> Result<Number, NumberError> {
        match self.floats {
            0 => in_range(self.integers),
            _ => finite(self.float),
        }
    }

    fn sum_as_float(&self) -> f64 {
        match self.floats {
            0 => as_float(self.integers),
            _ => self.float,
        }
    }

    fn multiply(&mut self, number: Number, is_anti: bool) -> Result<(), NumberError> {
        if let Number::Float(_) = number {
            if self.floats == 0 {
                self.float = as_float(self.integers);
            }
            self.floats = step(self.floats, is_anti);
        }
        let factor = number.to_f64();
        if factor == 0.0 {
            self.zeros = step(self.zeros, is_anti);
            return Ok(());
        }
        self.float = if is_anti {
            self.float / factor
        } else {
            self.float * factor
        };
        if let Number::Integer(factor) = number {
            let product = if is_anti {
                self.integers.checked_div(factor)
            } else {
                self.integers.checked_mul(factor)
            };
            self.integers = product.ok_or(NumberError::IntegerOverflow)?;
        }
        Ok(())
    }

    fn product(&self) -> Result<Number, NumberError> {
        match (self.zeros, self.floats) {
            (0, 0) => in_range(self.integers),
            (0, _) => finite(self.float),
            (_, 0) => Ok(Number::Integer(0)),
            _ => finite(0.0),
        }
    }
}

fn step(count: u64, is_anti: bool) -> u64 {
    if is_anti {
        count.saturating_sub(1)
    } else {
        count.saturating_add(1)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the nearest floating-point number is what is asked for"
)]
fn as_float(number: i128) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(inputs: impl IntoIterator<Item = (i64, bool)>) -> Result<Value, Problem> {
        let mut total = Total::new(Aggregator::Product);
        for (number, is_anti) in inputs {
            total.add(&Traced::synthetic(number), is_anti);
        }
        total.result().map(|traced| traced.value)
    }

    #[test]
    fn products_leave_the_range_and_come_back() {
        let twos = |count| std::iter::repeat_n((2, false), count);
        let overflow = Err(Problem::Number(NumberError::IntegerOverflow));
        assert_eq!(product(twos(63)), Ok(Value::from(1_u64 << 63)));
        assert_eq!(product(twos(64)), overflow);
        assert_eq!(
            product(twos(64).chain([(2, true)])),
            Ok(Value::from(1_u64 << 63))
        );
        assert_eq!(product(twos(200)), overflow);
    }

    #[test]
    fn the_smallest_product_is_no_panic() {
        let least = std::iter::repeat_n((-2, false), 127);
        for last in [(-1, true), (-1, false)] {
            assert!(product(least.clone().chain([last])).is_err());
        }
    }

    #[test]
    fn sums_are_exact_whatever_comes_in_between() {
        let mut sum = Total::new(Aggregator::Sum);
        for number in [u64::MAX, u64::MAX, 1] {
            sum.add(&Traced::synthetic(number), false);
        }
        assert!(sum.result().is_err());
        sum.add(&Traced::synthetic(u64::MAX), true);
        sum.add(&Traced::synthetic(1_u64), true);
        assert_eq!(sum.result(), Ok(Traced::synthetic(u64::MAX)));
        let half = Value::float(0.5).expect("it is finite");
        sum.add(&Traced::synthetic(half.clone()), false);
        sum.add(&Traced::synthetic(half), true);
        assert_eq!(sum.result(), Ok(Traced::synthetic(u64::MAX)));
    }
}
