//! The naive scan: what becomes of the selected events, stage by stage.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;
use swarmlet::Order;

use crate::ask::{Aggregate, Ask, Stage};
use crate::expr::{Expr, Names};
use crate::scan::{Span, Traced};
use crate::value::{NoValue, Number, compare, number, order};
use crate::world::Known;

/// What comes out of a query.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) rows: Vec<Traced>,
    pub(crate) diagnostics: u64,
}

/// The order in which a query wants its events: its own, else the one in which its aggregate is
/// known first, else the one asked for.
pub(crate) fn order_of(ask: &Ask) -> Order {
    let preferred = ask.stages.iter().find_map(|stage| match stage {
        Stage::Aggregate(Aggregate { name: "FIRST", .. }) => Some(Order::Ascending),
        Stage::Aggregate(Aggregate { name: "LAST", .. }) => Some(Order::Descending),
        _ => None,
    });
    ask.order.or(preferred).unwrap_or(ask.requested)
}

/// The answer of a query over its events, in that order.
pub(crate) fn answer(ask: &Ask, events: &[&Known], order: Order) -> Answer {
    let mut run = Run {
        stages: ask.stages.iter().map(State::new).collect(),
        answer: Answer::default(),
    };
    for known in events {
        if run.is_done(order) {
            break;
        }
        run.push(0, Traced::of_event(known), Names::new());
    }
    for at in 0..run.stages.len() {
        run.flush(at);
    }
    run.answer
}

struct Run<'a> {
    stages: Vec<State<'a>>,
    answer: Answer,
}

/// A stage and what it remembers: values with their names.
struct State<'a> {
    stage: &'a Stage,
    passed: u64,
    seen: Vec<Value>,
    inputs: Vec<Names>,
}

impl<'a> State<'a> {
    fn new(stage: &'a Stage) -> Self {
        Self {
            stage,
            passed: 0,
            seen: Vec::new(),
            inputs: Vec::new(),
        }
    }
}

impl Run<'_> {
    /// More events change nothing.
    fn is_done(&self, order: Order) -> bool {
        self.stages.iter().any(|state| match state.stage {
            Stage::Limit(count) => state.passed == *count,
            Stage::Aggregate(aggregate) => {
                let wanted = match aggregate.name {
                    "FIRST" => Order::Ascending,
                    "LAST" => Order::Descending,
                    _ => return false,
                };
                let is_known = |names: &Names| aggregate.of.compute(names).is_ok();
                order == wanted && state.inputs.iter().any(is_known)
            }
            _ => false,
        })
    }

    fn push(&mut self, at: usize, traced: Traced, mut names: Names) {
        let Some(state) = self.stages.get_mut(at) else {
            self.answer.rows.push(traced);
            return;
        };
        names.insert("_", traced.clone());
        let outcome = match state.stage {
            Stage::Filter(condition) => match condition.compute(&names).map(|met| met.value) {
                Ok(Value::Bool(true)) => return self.push(at + 1, traced, names),
                Ok(Value::Bool(false)) => Ok(Vec::new()),
                _ => Err(NoValue),
            },
            Stage::Select(items) => {
                for item in items {
                    match item.compute(&names) {
                        Ok(made) => self.push(at + 1, made, names.clone()),
                        Err(NoValue) => self.answer.diagnostics += 1,
                    }
                }
                return;
            }
            Stage::Spread(one, two) => one
                .compute(&names)
                .and_then(|one| Ok(spread(one, two.compute(&names)?))),
            Stage::Let(name, expr) => {
                let value = expr.compute(&names);
                return match value {
                    Ok(value) => {
                        names.insert(name, value);
                        self.push(at + 1, traced, names);
                    }
                    Err(NoValue) => self.answer.diagnostics += 1,
                };
            }
            Stage::Limit(count) if state.passed == *count => Ok(Vec::new()),
            Stage::Limit(_) => {
                state.passed += 1;
                return self.push(at + 1, traced, names);
            }
            Stage::Distinct => {
                let is_known = |seen: &Value| order(seen, &traced.value).is_eq();
                if !state.seen.iter().any(is_known) {
                    state.seen.push(traced.value.clone());
                    return self.push(at + 1, traced, names);
                }
                Ok(Vec::new())
            }
            Stage::Aggregate(_) | Stage::Group(..) => {
                state.inputs.push(names);
                return;
            }
        };
        match outcome {
            Ok(made) => made
                .into_iter()
                .for_each(|made| self.push(at + 1, made, names.clone())),
            Err(NoValue) => self.answer.diagnostics += 1,
        }
    }

    fn flush(&mut self, at: usize) {
        let inputs = std::mem::take(&mut self.stages[at].inputs);
        match self.stages[at].stage {
            Stage::Aggregate(aggregate) => {
                match self.aggregated(aggregate, &inputs.iter().collect::<Vec<_>>()) {
                    Ok(result) => self.push(at + 1, result, Names::new()),
                    Err(NoValue) => self.answer.diagnostics += 1,
                }
            }
            Stage::Group(key, aggregates) => self.flush_groups(at, key, aggregates, &inputs),
            _ => {}
        }
    }

    fn flush_groups(&mut self, at: usize, key: &Expr, all: &[Aggregate], inputs: &[Names]) {
        let mut groups: Vec<(Traced, Vec<&Names>)> = Vec::new();
        for names in inputs {
            let Ok(key) = key.compute(names) else {
                self.answer.diagnostics += 1;
                continue;
            };
            let is_same =
                |group: &&mut (Traced, Vec<&Names>)| order(&group.0.value, &key.value).is_eq();
            match groups.iter_mut().find(is_same) {
                Some((known, members)) => {
                    known.span = Span::union(known.span, key.span);
                    members.push(names);
                }
                None => groups.push((key, vec![names])),
            }
        }
        groups.sort_by(|left, right| order(&left.0.value, &right.0.value));
        for (key, members) in groups {
            // What is asked for twice is computed once.
            let mut once: BTreeMap<String, Result<Traced, NoValue>> = BTreeMap::new();
            for aggregate in all {
                once.entry(aggregate.text())
                    .or_insert_with(|| self.aggregated(aggregate, &members));
            }
            let results = all.iter().map(|aggregate| once[&aggregate.text()].clone());
            let results: Result<Vec<Traced>, NoValue> = results.collect();
            match results {
                Ok(mut results) => {
                    results.insert(0, key);
                    self.push(at + 1, Traced::of_all(results, Value::from), Names::new());
                }
                Err(NoValue) => self.answer.diagnostics += 1,
            }
        }
    }

    /// What has no value is told and left out.
    fn aggregated(&mut self, aggregate: &Aggregate, inputs: &[&Names]) -> Result<Traced, NoValue> {
        let mut values = Vec::new();
        for names in inputs {
            match aggregate.of.compute(names) {
                Ok(value) => values.push(value),
                Err(NoValue) => self.answer.diagnostics += 1,
            }
        }
        combine(aggregate.name, values)
    }
}

fn spread(one: Traced, two: Traced) -> Vec<Traced> {
    // Members of an array have the origin of the array.
    let span = Span::union(one.span, two.span);
    [one.value, two.value]
        .into_iter()
        .map(|value| Traced { value, span })
        .collect()
}

fn combine(name: &str, values: Vec<Traced>) -> Result<Traced, NoValue> {
    match name {
        "COUNT" => Ok(Traced::of_all(values, |all| Value::from(all.len()))),
        "FIRST" => best(values, |new, old| Ok(from(new) < from(old))),
        "LAST" => best(values, |new, old| Ok(to(new) >= to(old))),
        "MIN" => best(values, |new, old| {
            Ok(compare(&new.value, &old.value)? == Ordering::Less)
        }),
        "MAX" => best(values, |new, old| {
            Ok(compare(&new.value, &old.value)? == Ordering::Greater)
        }),
        _ => total(name, values),
    }
}

fn from(traced: &Traced) -> Option<swarmlet::EventKey> {
    traced.span.map(|span| span.from)
}

fn to(traced: &Traced) -> Option<swarmlet::EventKey> {
    traced.span.map(|span| span.to)
}

/// Of those that are not better than each other the first one stays.
fn best(
    values: Vec<Traced>,
    is_better: impl Fn(&Traced, &Traced) -> Result<bool, NoValue>,
) -> Result<Traced, NoValue> {
    let mut values = values.into_iter();
    let mut best = values.next().ok_or(NoValue)?;
    for value in values {
        if is_better(&value, &best)? {
            best = value;
        }
    }
    Ok(best)
}

/// Numbers here are small and halves, so that the order of floats does not matter.
fn total(name: &str, values: Vec<Traced>) -> Result<Traced, NoValue> {
    if values.is_empty() {
        return Err(NoValue);
    }
    let numbers: Result<Vec<Number>, NoValue> =
        values.iter().map(|traced| number(&traced.value)).collect();
    let numbers = numbers?;
    let is_exact = numbers.iter().all(|one| matches!(one, Number::Integer(_)));
    let floats = numbers.iter().map(|one| one.float());
    let float = match name {
        "PRODUCT" => floats.product::<f64>(),
        "AVG" => floats.sum::<f64>() / numbers.len() as f64,
        _ => floats.sum::<f64>(),
    };
    let result = match is_exact && name != "AVG" {
        true => Number::Integer(float as i128),
        false => Number::Float(float),
    };
    let value = result.value()?;
    Ok(Traced::of_all(values, |_| value.clone()))
}
