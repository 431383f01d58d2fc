//! Operands with operators between them, in the order of the text.
//!
//! Precedence is resolved while evaluating, with one stack of values and one of operators: no
//! recursion, however long the chain. An operator is applied as soon as the next one does not bind
//! tighter, so problems appear in the order in which a tree would meet them.

use std::cmp::Ordering;

use super::origin::Traced;
use super::problem::Problem;
use super::scope::Scope;
use crate::syntax::{Expr, Operator};
use crate::value::{Number, NumberError, Value};

type Evaluated = Result<Traced, Problem>;

/// The first alternative that has a value, or the problem of the last one.
pub(super) fn evaluate(first: &Expr, rest: &[(Operator, Expr)], scope: &Scope<'_>) -> Evaluated {
    let is_alternative = |(operator, _): &(Operator, Expr)| *operator == Operator::Alternative;
    let (mut first, mut rest) = (first, rest);
    loop {
        let end = rest.iter().position(is_alternative).unwrap_or(rest.len());
        let outcome = Chain::new(scope).evaluate(first, &rest[..end]);
        match rest.get(end) {
            Some((_, next)) if outcome.is_err() => (first, rest) = (next, &rest[end + 1..]),
            _ => return outcome,
        }
    }
}

/// An evaluation of operators that all need both operands.
struct Chain<'a> {
    scope: &'a Scope<'a>,
    operands: Vec<Traced>,
    waiting: Vec<Operator>,
}

impl<'a> Chain<'a> {
    fn new(scope: &'a Scope<'a>) -> Self {
        Self {
            scope,
            operands: Vec::new(),
            waiting: Vec::new(),
        }
    }

    fn evaluate(mut self, first: &Expr, rest: &[(Operator, Expr)]) -> Evaluated {
        self.operands.push(first.evaluate(self.scope)?);
        for (operator, operand) in rest {
            self.apply_down_to(operator.binding())?;
            self.waiting.push(*operator);
            self.operands.push(operand.evaluate(self.scope)?);
        }
        self.apply_down_to(0)?;
        Ok(self
            .operands
            .pop()
            .expect("every operator leaves one operand"))
    }

    /// Applies what waits and binds at least so tightly.
    fn apply_down_to(&mut self, binding: u8) -> Result<(), Problem> {
        while let Some(operator) = self.waiting.pop_if(|waits| waits.binding() >= binding) {
            let right = self
                .operands
                .pop()
                .expect("an operator has a right operand");
            let left = self
                .operands
                .last_mut()
                .expect("an operator has a left operand");
            left.value = apply(operator, &left.value, &right.value)?;
            left.origin.merge(&right.origin);
        }
        Ok(())
    }
}

fn apply(operator: Operator, left: &Value, right: &Value) -> Result<Value, Problem> {
    let arithmetic = |compute: fn(Number, Number) -> Result<Number, NumberError>| {
        Ok(Value::Number(compute(
            left.as_number()?,
            right.as_number()?,
        )?))
    };
    let comparison = |is_met: fn(Ordering) -> bool| {
        let order = left.compare(right);
        let is_met = order
            .map(is_met)
            .ok_or_else(|| mismatch(operator, left, right))?;
        Ok(Value::Bool(is_met))
    };
    let equality = || {
        let is_equal = left.equals(right);
        is_equal.ok_or_else(|| mismatch(operator, left, right))
    };
    match operator {
        Operator::Alternative => unreachable!("alternatives are taken apart before"),
        Operator::Or => Ok(Value::Bool(left.as_bool()? || right.as_bool()?)),
        Operator::Xor => Ok(Value::Bool(left.as_bool()? ^ right.as_bool()?)),
        Operator::And => Ok(Value::Bool(left.as_bool()? && right.as_bool()?)),
        Operator::Equal => equality().map(Value::Bool),
        Operator::NotEqual => equality().map(|is_equal| Value::Bool(!is_equal)),
        Operator::Less => comparison(Ordering::is_lt),
        Operator::LessOrEqual => comparison(Ordering::is_le),
        Operator::Greater => comparison(Ordering::is_gt),
        Operator::GreaterOrEqual => comparison(Ordering::is_ge),
        Operator::Add => arithmetic(Number::add),
        Operator::Subtract => arithmetic(Number::subtract),
        Operator::Multiply => arithmetic(Number::multiply),
        Operator::Divide => arithmetic(Number::divide),
        Operator::Remainder => arithmetic(Number::remainder),
        Operator::Power => arithmetic(Number::power),
    }
}

fn mismatch(operator: Operator, left: &Value, right: &Value) -> Problem {
    Problem::OperandTypes {
        operator,
        left: left.kind(),
        right: right.kind(),
    }
}
