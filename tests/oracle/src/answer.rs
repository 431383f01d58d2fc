//! The naive scan: what becomes of the selected events, stage by stage.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;
use swarmlet::{EventKey, Order};

use crate::ask::{Aggregate, Ask, Joined, Source, Stage};
use crate::expr::{Expr, Names};
use crate::scan::{Scene, Span, Traced};
use crate::value::{NoValue, Number, compare, number, order};

/// What comes out of a query.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) rows: Vec<Traced>,
    pub(crate) diagnostics: u64,
}

/// The order in which a query wants its events: its own, else the one in which its aggregate is
/// known first, else the one asked for.
pub(crate) fn order_of(ask: &Ask) -> Order {
    let demanded = match &ask.source {
        Source::Events(_, order) => *order,
        // Values come as they are written.
        Source::Array(_) => Some(Order::Ascending),
    };
    let preferred = || ask.stages.iter().find_map(preferred);
    demanded.or_else(preferred).unwrap_or(ask.requested)
}

fn preferred(stage: &Stage) -> Option<Order> {
    let Stage::Aggregate(all, _) = stage else {
        return None;
    };
    let all_are = |name| all.iter().all(|one| one.name == name);
    match (all_are("FIRST"), all_are("LAST")) {
        (true, _) => Some(Order::Ascending),
        (_, true) => Some(Order::Descending),
        _ => None,
    }
}

/// The answer of a query that stands alone.
pub(crate) fn answer(ask: &Ask, scene: &Scene<'_>) -> Answer {
    answer_in(ask, order_of(ask), scene, &Names::new())
}

/// The answer of a query inside another one, with the names around it. Its events come by their
/// keys.
pub(crate) fn inner_answer(ask: &Ask, scene: &Scene<'_>, around: &Names) -> Answer {
    let order = match order_of(ask) {
        Order::Descending => Order::Descending,
        Order::Ascending | Order::Stream => Order::Ascending,
    };
    answer_in(ask, order, scene, around)
}

fn answer_in(ask: &Ask, order: Order, scene: &Scene<'_>, around: &Names) -> Answer {
    let mut run = Run {
        order,
        stages: ask.stages.iter().map(State::new).collect(),
        answer: Answer::default(),
        scene,
        around,
        is_ended: false,
    };
    match &ask.source {
        Source::Events(select, _) => match scene.selected(select, run.order, around) {
            Ok(events) => run.enter(events.into_iter().map(|known| Ok(Traced::of_event(known)))),
            Err(NoValue) => run.answer.diagnostics += 1,
        },
        Source::Array(members) => {
            run.enter(members.iter().map(|member| member.compute(around, scene)));
        }
    }
    for at in 0..run.stages.len() {
        run.flush(at);
    }
    run.answer
}

struct Run<'a> {
    order: Order,
    stages: Vec<State<'a>>,
    answer: Answer,
    scene: &'a Scene<'a>,
    around: &'a Names,
    is_ended: bool,
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
    /// A member of an array without a value ends the query: nobody hears of what was collected.
    fn enter(&mut self, values: impl Iterator<Item = Result<Traced, NoValue>>) {
        for value in values {
            if self.is_done() {
                return;
            }
            match value {
                Ok(value) => self.push(0, value, self.around.clone()),
                Err(NoValue) => {
                    self.answer.diagnostics += 1;
                    self.is_ended = true;
                    return;
                }
            }
        }
    }

    /// More events change nothing.
    fn is_done(&self) -> bool {
        let has_value = |state: &State<'_>, aggregate: &Aggregate| {
            let mut inputs = state.inputs.iter();
            inputs.any(|names| aggregate.of.compute(names, self.scene).is_ok())
        };
        self.stages.iter().any(|state| match state.stage {
            Stage::Limit(count) => state.passed == *count,
            Stage::Aggregate(all, _) => {
                preferred(state.stage) == Some(self.order)
                    && all.iter().all(|one| has_value(state, one))
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
            Stage::Filter(condition) => {
                match condition.compute(&names, self.scene).map(|met| met.value) {
                    Ok(Value::Bool(true)) => return self.push(at + 1, traced, names),
                    Ok(Value::Bool(false)) => Ok(Vec::new()),
                    _ => Err(NoValue),
                }
            }
            Stage::Select(items) => {
                for item in items {
                    match item.compute(&names, self.scene) {
                        Ok(made) => self.push(at + 1, made, names.clone()),
                        Err(NoValue) => self.answer.diagnostics += 1,
                    }
                }
                return;
            }
            Stage::Spread(one, two) => one
                .compute(&names, self.scene)
                .and_then(|one| Ok(spread(one, two.compute(&names, self.scene)?))),
            Stage::Let(name, expr) => {
                let value = expr.compute(&names, self.scene);
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
            Stage::Aggregate(..) | Stage::Group(..) => {
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
            Stage::Aggregate(all, joined) => {
                let results = self.all_aggregated(all, &inputs.iter().collect::<Vec<_>>());
                self.put_out(at, results, joined);
            }
            Stage::Group(key, all, joined) => {
                for (key, members) in self.groups(key, &inputs) {
                    let mut results = self.all_aggregated(all, &members);
                    results.insert(0, Ok(key));
                    self.put_out(at, results, joined);
                }
            }
            _ => {}
        }
    }

    fn put_out(&mut self, at: usize, results: Vec<Result<Traced, NoValue>>, joined: &Joined) {
        if self.is_ended {
            return;
        }
        let results = match joined {
            Joined::Apart => results,
            Joined::Array => {
                let all: Result<Vec<Traced>, NoValue> = results.into_iter().collect();
                vec![all.map(|all| Traced::of_all(all, Value::from))]
            }
        };
        for result in results {
            match result {
                Ok(result) => self.push(at + 1, result, self.around.clone()),
                Err(NoValue) => self.answer.diagnostics += 1,
            }
        }
    }

    /// Keys and the values that have them, in the order of the keys.
    fn groups<'b>(&mut self, key: &Expr, inputs: &'b [Names]) -> Vec<(Traced, Vec<&'b Names>)> {
        let mut groups: Vec<(Traced, Vec<&Names>)> = Vec::new();
        for names in inputs {
            let Ok(key) = key.compute(names, self.scene) else {
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
        groups
    }

    /// What is asked for twice is computed once.
    fn all_aggregated(
        &mut self,
        all: &[Aggregate],
        inputs: &[&Names],
    ) -> Vec<Result<Traced, NoValue>> {
        let mut once: BTreeMap<String, Result<Traced, NoValue>> = BTreeMap::new();
        for aggregate in all {
            once.entry(aggregate.text())
                .or_insert_with(|| self.aggregated(aggregate, inputs));
        }
        let results = all.iter().map(|aggregate| once[&aggregate.text()].clone());
        results.collect()
    }

    /// What has no value is told and left out.
    fn aggregated(&mut self, aggregate: &Aggregate, inputs: &[&Names]) -> Result<Traced, NoValue> {
        let mut values = Vec::new();
        for names in inputs {
            match aggregate.of.compute(names, self.scene) {
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

/// Where it begins, and of those that begin together where it ends.
fn from(traced: &Traced) -> Option<(EventKey, EventKey)> {
    traced.span.map(|span| (span.from, span.to))
}

fn to(traced: &Traced) -> Option<(EventKey, EventKey)> {
    traced.span.map(|span| (span.to, span.from))
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

/// Truths are together as with `|` or `&`, and numbers a float if one of them is.
fn total(name: &str, values: Vec<Traced>) -> Result<Traced, NoValue> {
    if values.is_empty() {
        return Err(NoValue);
    }
    let bools: Option<Vec<bool>> = values.iter().map(|traced| traced.value.as_bool()).collect();
    let value = match (bools, name) {
        (Some(bools), "SUM") => Value::Bool(bools.contains(&true)),
        (Some(bools), "PRODUCT") => Value::Bool(!bools.contains(&false)),
        _ => {
            let numbers = values.iter().map(|traced| number(&traced.value));
            total_of_numbers(name, &numbers.collect::<Result<Vec<_>, _>>()?).value()?
        }
    };
    Ok(Traced::of_all(values, |_| value.clone()))
}

/// Floats are added in the order in which they come.
fn total_of_numbers(name: &str, numbers: &[Number]) -> Number {
    let is_exact = |one: &Number| matches!(one, Number::Integer(_));
    let floats = || numbers.iter().map(|one| one.float());
    let float = match name {
        "PRODUCT" => floats().product::<f64>(),
        _ => floats().fold(0.0, |sum, one| sum + one),
    };
    match name {
        "AVG" => Number::Float(float / numbers.len() as f64),
        _ if numbers.iter().all(is_exact) => Number::Integer(float as i128),
        _ => Number::Float(float),
    }
}
