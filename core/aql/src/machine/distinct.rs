//! `DISTINCT`: the first of equal values passes.

use std::collections::BTreeMap;

use super::flow::{Input, Signal};
use crate::eval::{Problem, Traced};
use crate::limits::GROUPS_MAX;
use crate::value::Value;

const STAGE: &str = "DISTINCT";

/// The values that passed, and how many equal ones there are.
#[derive(Default)]
pub(super) struct Distinct(BTreeMap<Value, Seen>);

struct Seen {
    count: u64,
    passed: Traced,
}

impl Distinct {
    /// A value is taken back when the last one equal to it is.
    pub(super) fn apply(&mut self, input: Input, out: &mut Vec<Signal>) {
        if input.is_anti {
            self.take_back(&input, out);
        } else if let Some(seen) = self.0.get_mut(&input.traced.value) {
            seen.count = seen.count.saturating_add(1);
        } else if self.0.len() == GROUPS_MAX {
            out.push(Signal::Problem(Problem::TooManyGroups { stage: STAGE }));
        } else {
            let passed = input.traced.clone();
            self.0
                .insert(passed.value.clone(), Seen { count: 1, passed });
            out.push(Signal::Value(input));
        }
    }

    fn take_back(&mut self, input: &Input, out: &mut Vec<Signal>) {
        let value = &input.traced.value;
        let Some(seen) = self.0.get_mut(value) else {
            return;
        };
        seen.count -= 1;
        if seen.count == 0
            && let Some(seen) = self.0.remove(value)
        {
            out.push(Signal::Value(input.with(seen.passed)));
        }
    }
}
