//! Operators against a straightforward evaluator: a tree by precedence, walked by recursion.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Bindings, Outside, Problem, Scope, SubQueries, Traced};
use crate::syntax::{Expr, Literal, Operator, Pipeline, Source};
use crate::syntax::{Item, Query};
use crate::value::{Number, Value};

struct NoSubQueries;

impl SubQueries for NoSubQueries {
    fn run(&self, _: &Pipeline, _: &Scope<'_>) -> Result<Vec<Traced>, Problem> {
        Err(Problem::NoValue)
    }
}

fn evaluate(expr: &Expr) -> Result<Value, Problem> {
    let outside = Outside {
        now_us: 0,
        me: None,
        parameters: &BTreeMap::new(),
        sub_queries: &NoSubQueries,
    };
    let scope = Scope::new(outside, Bindings::default());
    expr.evaluate(&scope).map(|traced| traced.value)
}

/// A tree in which precedence is explicit.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(Expr),
    Node(Operator, Box<Tree>, Box<Tree>),
}

/// Splits at the last operator that binds least: operators group from the left.
fn tree(operands: &[Expr], operators: &[Operator]) -> Tree {
    let binding = |at: &usize| operators[*at].binding();
    let least = (0..operators.len()).map(|at| binding(&at)).min();
    let Some(at) = (0..operators.len())
        .rev()
        .find(|at| Some(binding(at)) == least)
    else {
        return Tree::Leaf(operands[0].clone());
    };
    let left = tree(&operands[..=at], &operators[..at]);
    let right = tree(&operands[at + 1..], &operators[at + 1..]);
    Tree::Node(operators[at], Box::new(left), Box::new(right))
}

/// The text with a parenthesis around every operation, so that precedence has nothing to decide.
fn parenthesised(tree: &Tree) -> String {
    match tree {
        Tree::Leaf(expr) => expr.to_string(),
        Tree::Node(operator, left, right) => {
            format!(
                "({} {operator} {})",
                parenthesised(left),
                parenthesised(right)
            )
        }
    }
}

fn walk(tree: &Tree) -> Option<Value> {
    let (operator, left, right) = match tree {
        Tree::Leaf(expr) => return evaluate(expr).ok(),
        Tree::Node(Operator::Alternative, left, right) => {
            return walk(left).or_else(|| walk(right));
        }
        Tree::Node(operator, left, right) => (*operator, walk(left)?, walk(right)?),
    };
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => numbers(operator, left, right),
        (Value::Bool(left), Value::Bool(right)) => Some(Value::Bool(match operator {
            Operator::And => left & right,
            Operator::Or => left | right,
            Operator::Xor => left != right,
            other => compared(other, left.cmp(&right))?,
        })),
        (Value::Bool(false), _) if operator == Operator::And => Some(Value::Bool(false)),
        (Value::Bool(true), _) if operator == Operator::Or => Some(Value::Bool(true)),
        (Value::Null, Value::Null) => Some(Value::Bool(compared(operator, 0.cmp(&0))?)),
        (Value::String(left), Value::String(right)) => {
            Some(Value::Bool(compared(operator, left.cmp(&right))?))
        }
        _ => None,
    }
}

fn compared(operator: Operator, order: std::cmp::Ordering) -> Option<bool> {
    Some(match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        _ => return None,
    })
}

fn numbers(operator: Operator, left: Number, right: Number) -> Option<Value> {
    // A zero is a zero, whatever its sign.
    let order = left.to_f64().partial_cmp(&right.to_f64())?;
    if let Some(is_met) = compared(operator, order) {
        return Some(Value::Bool(is_met));
    }
    if let (Number::Integer(left), Number::Integer(right)) = (left, right) {
        let exact = match operator {
            Operator::Add => left.checked_add(right),
            Operator::Subtract => left.checked_sub(right),
            Operator::Multiply => left.checked_mul(right),
            Operator::Divide => left.checked_div(right),
            Operator::Remainder => left.checked_rem(right),
            Operator::Power if right < 0 => return float(to_power(left as f64, right as f64)),
            Operator::Power => (0..right).try_fold(1_i128, |power, _| power.checked_mul(left)),
            _ => None,
        };
        return Number::integer(exact?).map(Value::Number);
    }
    let (left, right) = (left.to_f64(), right.to_f64());
    float(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Remainder => left % right,
        Operator::Power => to_power(left, right),
        _ => return None,
    })
}

fn to_power(base: f64, exponent: f64) -> f64 {
    base.powf(exponent)
}

fn float(number: f64) -> Option<Value> {
    Value::float(number)
}

fn operand() -> impl Strategy<Value = Expr> {
    let number = prop_oneof![
        4 => (-3..40_i128).prop_map(Literal::Integer),
        1 => (1..9_i32).prop_map(|eighths| {
            let number = crate::value::Finite::new(f64::from(eighths) / 8.0);
            Literal::Decimal(number.expect("it is finite"))
        }),
    ];
    let literal = prop_oneof![
        6 => number,
        4 => any::<bool>().prop_map(Literal::Bool),
        1 => "[ab]?".prop_map(|text| Literal::String(text.as_str().into())),
        1 => Just(Literal::Null),
    ];
    literal.prop_map(Expr::Literal)
}

fn chain() -> impl Strategy<Value = (Vec<Expr>, Vec<Operator>)> {
    let operator = prop::sample::select(&Operator::ALL[..]);
    prop::collection::vec((operand(), operator), 1..9).prop_map(|pairs| {
        let (operands, mut operators): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        operators.pop();
        (operands, operators)
    })
}

fn parsed(text: &str) -> Expr {
    let query = Query::parse(&format!("FROM [{text}]")).expect(text);
    match query.pipeline.source {
        Source::Array(mut items) => items.pop().map(|Item { expr, .. }| expr).expect("one item"),
        Source::Events { .. } => unreachable!("it is an array"),
    }
}

#[test]
fn zero_from_below_is_zero() {
    for text in ["0 = -1 % 0.125", "-1 % 0.125 = 0", "!(0 > -1 % 0.125)"] {
        assert_eq!(evaluate(&parsed(text)), Ok(Value::Bool(true)), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn operators_do_what_a_tree_of_them_does((operands, operators) in chain()) {
        let tree = tree(&operands, &operators);
        let text = operands.iter().enumerate().fold(String::new(), |text, (at, operand)| {
            match at.checked_sub(1) {
                None => operand.to_string(),
                Some(before) => format!("{text} {} {operand}", operators[before]),
            }
        });
        let found = evaluate(&parsed(&text));
        let wanted = walk(&tree);
        prop_assert_eq!(found.as_ref().ok(), wanted.as_ref(), "{}", text);
        let explicit = parenthesised(&tree);
        prop_assert_eq!(evaluate(&parsed(&explicit)), found, "{} {}", text, explicit);
    }

    #[test]
    fn every_spelling_of_an_operator_is_the_operator(
        operator in prop::sample::select(&Operator::ALL[..]),
        left in operand(),
        right in operand(),
    ) {
        let ascii = parsed(&format!("{left} {operator} {right}"));
        for spelling in operator.spellings() {
            prop_assert_eq!(parsed(&format!("{left}{spelling} {right}")), ascii.clone());
        }
    }
}
