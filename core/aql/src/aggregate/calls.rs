//! The aggregators of one expression, fed together.

use std::sync::Arc;

use super::accumulator::Accumulator;
use crate::eval::{Problem, Scope, Traced};
use crate::syntax::{Aggregator, Call, Expr, Order, Source};

/// The aggregators in the expressions, each once.
pub(crate) fn calls<'a>(exprs: impl IntoIterator<Item = &'a Expr>) -> Arc<[Call]> {
    let mut found = Vec::new();
    for expr in exprs {
        collect(expr, &mut found);
    }
    found.into_iter().cloned().collect()
}

/// Stages of a sub-query have aggregators of their own; its array is computed here.
fn collect<'a>(expr: &'a Expr, found: &mut Vec<&'a Call>) {
    match expr {
        Expr::Aggregate(call) if !found.contains(&&**call) => found.push(call),
        Expr::Aggregate(_) => {}
        Expr::SubQuery(pipeline) => {
            if let Source::Array(items) = &pipeline.source {
                for item in items {
                    collect(&item.expr, found);
                }
            }
        }
        _ => {
            for part in expr.parts() {
                collect(part, found);
            }
        }
    }
}

/// The states of the aggregators of one expression.
#[derive(Clone, Debug)]
pub(crate) struct Aggregates {
    calls: Arc<[Call]>,
    states: Vec<Accumulator>,
}

impl Aggregates {
    pub(crate) fn new(calls: Arc<[Call]>) -> Self {
        let states = calls
            .iter()
            .map(|call| Accumulator::new(call.aggregator))
            .collect();
        Self { calls, states }
    }

    /// Takes in, or back, what the arguments of the aggregators are in that scope. Each aggregator
    /// has its own problems.
    pub(crate) fn add(&mut self, scope: &Scope<'_>, is_anti: bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (call, state) in self.calls.iter().zip(&mut self.states) {
            let outcome = call
                .argument
                .evaluate(scope)
                .and_then(|input| state.add(&input, is_anti));
            problems.extend(outcome.err());
        }
        problems
    }

    /// What the aggregators stand for.
    pub(crate) fn results(&self) -> Vec<(&Call, Result<Traced, Problem>)> {
        let results = self.states.iter().map(Accumulator::result);
        self.calls.iter().zip(results).collect()
    }

    /// The order of input in which the result is known first, if there is one.
    pub(crate) fn preferred_order(&self) -> Option<Order> {
        let all = |wanted: Aggregator| {
            !self.calls.is_empty() && self.calls.iter().all(|call| call.aggregator == wanted)
        };
        if all(Aggregator::First) {
            Some(Order::Ascending)
        } else if all(Aggregator::Last) {
            Some(Order::Descending)
        } else {
            None
        }
    }

    /// Whether more input in that order changes nothing.
    pub(crate) fn is_done(&self, order: Order) -> bool {
        let is_known = || self.states.iter().all(Accumulator::has_value);
        self.calls.is_empty() || self.preferred_order() == Some(order) && is_known()
    }
}
