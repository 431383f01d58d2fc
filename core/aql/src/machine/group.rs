//! `GROUP BY`: aggregators for each key, results in the order of the keys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::flow::{Signal, Surroundings, is_overfull};
use crate::aggregate::{Aggregates, calls};
use crate::eval::{Origin, Problem, Scope, Traced, items};
use crate::limits::GROUPS_MAX;
use crate::syntax::{Call, Expr, Grouped, Name};
use crate::value::Value;

const STAGE: &str = "GROUP BY";

/// The name of the key in what is made out of a group.
const KEY: &str = "group";

/// All groups, and which of them changed since the last flush.
pub(super) struct Groups {
    calls: Arc<[Call]>,
    groups: BTreeMap<Value, Group>,
    changed: BTreeSet<Value>,
    key_name: Name,
}

struct Group {
    /// The first of its keys; equal ones can look different, as `1` and `1.0` do.
    key: Value,
    aggregates: Aggregates,
    inputs: u64,
    origin: Origin,
    emitted: Vec<Traced>,
}

impl Groups {
    pub(super) fn new(grouped: &Grouped) -> Self {
        Self {
            calls: calls(grouped.items().iter().map(|item| &item.expr)),
            groups: BTreeMap::new(),
            changed: BTreeSet::new(),
            key_name: Name::new(KEY).expect("it has the shape of a name"),
        }
    }

    /// Takes one value in, or back; what has no key belongs to no group.
    pub(super) fn apply(
        &mut self,
        key: &Expr,
        scope: &Scope<'_>,
        is_anti: bool,
        out: &mut Vec<Signal>,
    ) {
        let key = match key.evaluate(scope) {
            Ok(key) => key,
            Err(problem) => return out.push(Signal::Problem(problem)),
        };
        if self.groups.len() == GROUPS_MAX && !self.groups.contains_key(&key.value) {
            return out.push(Signal::Problem(Problem::TooManyGroups { stage: STAGE }));
        }
        let group = self
            .groups
            .entry(key.value.clone())
            .or_insert_with(|| Group::new(key.value.clone(), &self.calls));
        let problems = group.apply(&key.origin, scope, is_anti);
        out.extend(problems.into_iter().map(Signal::Problem));
        self.changed.insert(key.value);
    }

    /// Puts out the results of the groups that changed, and takes those before back. A group
    /// without values has no results.
    pub(super) fn flush(
        &mut self,
        grouped: &Grouped,
        around: &Surroundings<'_>,
        out: &mut Vec<Signal>,
    ) {
        for key in std::mem::take(&mut self.changed) {
            if is_overfull(out) {
                return;
            }
            let Some(group) = self.groups.get_mut(&key) else {
                continue;
            };
            let results = if group.inputs == 0 {
                Vec::new()
            } else {
                group.results(&self.key_name, grouped, around, out)
            };
            replace(&mut group.emitted, results, around, out);
            if group.inputs == 0 {
                self.groups.remove(&key);
            }
        }
    }
}

impl Group {
    fn new(key: Value, calls: &Arc<[Call]>) -> Self {
        Self {
            key,
            aggregates: Aggregates::new(calls.clone()),
            inputs: 0,
            origin: Origin::Synthetic,
            emitted: Vec::new(),
        }
    }

    fn apply(&mut self, origin: &Origin, scope: &Scope<'_>, is_anti: bool) -> Vec<Problem> {
        self.inputs = if is_anti {
            self.inputs.saturating_sub(1)
        } else {
            self.inputs.saturating_add(1)
        };
        self.origin.merge(origin);
        self.aggregates.add(scope, is_anti)
    }

    fn results(
        &self,
        key_name: &Name,
        grouped: &Grouped,
        around: &Surroundings<'_>,
        out: &mut Vec<Signal>,
    ) -> Vec<Traced> {
        let key = Traced {
            value: self.key.clone(),
            origin: self.origin.clone(),
        };
        let aggregated = self.aggregates.results();
        let scope = Scope {
            aggregated: &aggregated,
            ..Scope::new(around.outside, around.bindings.with(key_name.clone(), key))
        };
        let mut results = Vec::new();
        for item in grouped.items() {
            if is_overfull(&results) {
                break;
            }
            match items(item, &scope) {
                Ok(values) => results.extend(values),
                Err(problem) => out.push(Signal::Problem(problem)),
            }
        }
        results
    }
}

fn replace(
    emitted: &mut Vec<Traced>,
    results: Vec<Traced>,
    around: &Surroundings<'_>,
    out: &mut Vec<Signal>,
) {
    if *emitted == results {
        return;
    }
    for before in std::mem::replace(emitted, results) {
        out.push(around.entering(before, true));
    }
    for result in emitted.iter() {
        out.push(around.entering(result.clone(), false));
    }
}
