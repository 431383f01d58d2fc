//! What each stage does with a value, and what it has to remember.

use super::distinct::Distinct;
use super::flow::{Input, Signal, Surroundings, is_overfull};
use super::group::Groups;
use crate::aggregate::{Aggregates, calls};
use crate::eval::{Outside, Problem, Scope, Traced, items};
use crate::syntax::{Count, Expr, Item, Name, Order, Stage};

/// The memory of one stage.
pub(super) enum State {
    /// Each value is seen by itself.
    None,
    /// How many values may still pass.
    Limit(u64),
    Aggregate {
        aggregates: Aggregates,
        emitted: Option<Traced>,
    },
    Group(Groups),
    Distinct(Distinct),
}

impl State {
    /// The memory of a stage that has seen nothing. Fails if a `LIMIT` has no number.
    pub(super) fn new(stage: &Stage, outside: &Outside<'_>) -> Result<Self, Problem> {
        Ok(match stage {
            Stage::Filter(_) | Stage::Select(_) | Stage::Let(..) => Self::None,
            Stage::Limit(Count::Number(count)) => Self::Limit(count.get()),
            Stage::Limit(Count::Parameter(name)) => {
                Self::Limit(outside.parameter(name)?.as_positive()?.get())
            }
            Stage::Aggregate(expr) => Self::Aggregate {
                aggregates: Aggregates::new(calls([expr])),
                emitted: None,
            },
            Stage::Group(_, grouped) => Self::Group(Groups::new(grouped)),
            Stage::Distinct => Self::Distinct(Distinct::default()),
        })
    }

    /// Sees one value and puts out what becomes of it.
    pub(super) fn apply(
        &mut self,
        stage: &Stage,
        input: Input,
        around: &Surroundings<'_>,
        out: &mut Vec<Signal>,
    ) {
        match (stage, self) {
            (Stage::Filter(condition), _) => filter(condition, input, around, out),
            (Stage::Select(items), _) => select(items, &input, around, out),
            (Stage::Let(name, expr), _) => bind(name, expr, input, around, out),
            (Stage::Group(key, _), Self::Group(groups)) => {
                groups.apply(key, &around.scope(&input), input.is_anti, out);
            }
            (_, Self::Aggregate { aggregates, .. }) => {
                let problems = aggregates.add(&around.scope(&input), input.is_anti);
                out.extend(problems.into_iter().map(Signal::Problem));
            }
            (_, Self::Distinct(distinct)) => distinct.apply(input, out),
            (_, Self::Limit(left)) => limit(left, input, out),
            (_, Self::None | Self::Group(_)) => unreachable!("a state fits its stage"),
        }
    }

    /// Puts out what had to wait for the end of a burst. A result that does not exist any more is
    /// taken back.
    pub(super) fn flush(
        &mut self,
        stage: &Stage,
        around: &Surroundings<'_>,
        out: &mut Vec<Signal>,
    ) {
        match (stage, self) {
            (
                Stage::Aggregate(expr),
                Self::Aggregate {
                    aggregates,
                    emitted,
                },
            ) => {
                let results = aggregates.results();
                let scope = Scope {
                    aggregated: &results,
                    ..Scope::new(around.outside, around.bindings.clone())
                };
                match expr.evaluate(&scope) {
                    Ok(result) => replace(emitted, result, around, out),
                    Err(problem) => {
                        let before = emitted.take();
                        out.extend(before.map(|before| around.entering(before, true)));
                        out.push(Signal::Problem(problem));
                    }
                }
            }
            (Stage::Group(_, grouped), Self::Group(groups)) => groups.flush(grouped, around, out),
            _ => {}
        }
    }

    /// Whether it gives its results when it is flushed.
    pub(super) fn needs_flush(&self) -> bool {
        matches!(self, Self::Aggregate { .. } | Self::Group(_))
    }

    /// Whether it is a `LIMIT` that lets nothing more through.
    pub(super) fn is_saturated(&self) -> bool {
        matches!(self, Self::Limit(0))
    }

    /// Whether each value is seen by itself.
    pub(super) fn is_stateless(&self) -> bool {
        matches!(self, Self::None)
    }

    pub(super) fn preferred_order(&self) -> Option<Order> {
        match self {
            Self::Aggregate { aggregates, .. } => aggregates.preferred_order(),
            _ => None,
        }
    }

    /// Whether more input in that order changes nothing.
    pub(super) fn is_done(&self, order: Order) -> bool {
        match self {
            Self::Aggregate { aggregates, .. } => aggregates.is_done(order),
            Self::Limit(left) => *left == 0,
            _ => false,
        }
    }
}

fn filter(condition: &Expr, input: Input, around: &Surroundings<'_>, out: &mut Vec<Signal>) {
    let outcome = condition.evaluate(&around.scope(&input));
    match outcome.and_then(|met| met.value.as_bool()) {
        Ok(true) => out.push(Signal::Value(input)),
        Ok(false) => {}
        Err(problem) => out.push(Signal::Problem(problem)),
    }
}

/// An input that is taken back takes all results of it back.
fn select(made: &[Item], input: &Input, around: &Surroundings<'_>, out: &mut Vec<Signal>) {
    let scope = around.scope(input);
    for item in made {
        if is_overfull(out) {
            return;
        }
        match items(item, &scope) {
            Ok(values) => {
                let signal = |traced| Signal::Value(input.with(traced));
                out.extend(values.into_iter().map(signal));
            }
            Err(problem) => out.push(Signal::Problem(problem)),
        }
    }
}

/// Naming the current value `_` replaces it.
fn bind(
    name: &Name,
    expr: &Expr,
    mut input: Input,
    around: &Surroundings<'_>,
    out: &mut Vec<Signal>,
) {
    match expr.evaluate(&around.scope(&input)) {
        Ok(value) if name.is_current() => input.traced = value,
        Ok(value) => input.bindings = input.bindings.with(name.clone(), value),
        Err(problem) => return out.push(Signal::Problem(problem)),
    }
    out.push(Signal::Value(input));
}

/// A value that is taken back makes room again. Once there is no room nobody knows whether what is
/// taken back was let through.
fn limit(left: &mut u64, input: Input, out: &mut Vec<Signal>) {
    match (*left, input.is_anti) {
        (0, true) => out.push(Signal::Problem(Problem::AntiInputInLimit)),
        (0, false) => {}
        (_, true) => {
            *left = left.saturating_add(1);
            out.push(Signal::Value(input));
        }
        (_, false) => {
            *left -= 1;
            out.push(Signal::Value(input));
        }
    }
}

/// Puts a result out and takes the one before back, if they differ.
fn replace(
    emitted: &mut Option<Traced>,
    result: Traced,
    around: &Surroundings<'_>,
    out: &mut Vec<Signal>,
) {
    if emitted.as_ref() == Some(&result) {
        return;
    }
    if let Some(before) = emitted.replace(result.clone()) {
        out.push(around.entering(before, true));
    }
    out.push(around.entering(result, false));
}
