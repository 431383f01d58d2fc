//! One aggregator at work.

use super::extreme::Extreme;
use super::total::Total;
use crate::eval::{Origin, Problem, Traced};
use crate::syntax::Aggregator;
use crate::value::Value;

/// What an aggregator knows of its inputs so far.
#[derive(Clone, Debug)]
pub(super) enum Accumulator {
    Total(Total),
    Extreme(Extreme),
    Count(Count),
}

/// How many values there are, whatever they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count {
    inputs: u64,
    origin: Origin,
}

impl Accumulator {
    pub(crate) fn new(aggregator: Aggregator) -> Self {
        match aggregator {
            Aggregator::Sum | Aggregator::Product | Aggregator::Average => {
                Self::Total(Total::new(aggregator))
            }
            Aggregator::Min | Aggregator::Max | Aggregator::First | Aggregator::Last => {
                Self::Extreme(Extreme::new(aggregator))
            }
            Aggregator::Count => Self::Count(Count::default()),
        }
    }

    /// Takes one more value in, or an earlier one back.
    pub(crate) fn add(&mut self, input: &Traced, is_anti: bool) -> Result<(), Problem> {
        match self {
            Self::Total(total) => total.add(input, is_anti),
            Self::Extreme(extreme) => return extreme.add(input, is_anti),
            Self::Count(count) => count.add(input, is_anti),
        }
        Ok(())
    }

    /// The result so far.
    pub(crate) fn result(&self) -> Result<Traced, Problem> {
        match self {
            Self::Total(total) => total.result(),
            Self::Extreme(extreme) => extreme.result(),
            Self::Count(count) => Ok(count.result()),
        }
    }

    /// Whether there was a value.
    pub(crate) fn has_value(&self) -> bool {
        match self {
            Self::Extreme(extreme) => extreme.has_value(),
            Self::Total(_) | Self::Count(_) => true,
        }
    }
}

impl Count {
    fn add(&mut self, input: &Traced, is_anti: bool) {
        self.inputs = if is_anti {
            self.inputs.saturating_sub(1)
        } else {
            self.inputs.saturating_add(1)
        };
        if self.inputs == 0 {
            self.origin = Origin::Synthetic;
        } else {
            self.origin.merge(&input.origin);
        }
    }

    fn result(&self) -> Traced {
        Traced {
            value: Value::from(self.inputs),
            origin: self.origin.clone(),
        }
    }
}
