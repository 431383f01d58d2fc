//! `MIN` and `MAX` by value, `FIRST` and `LAST` by event key: one input stands for all.

use std::cmp::Ordering;

use crate::eval::{EventKey, Problem, Traced};
use crate::syntax::Aggregator;

/// The input that stands for all so far.
#[derive(Clone, Debug)]
pub(crate) struct Extreme {
    aggregator: Aggregator,
    best: Option<Result<Traced, Problem>>,
}

impl Extreme {
    pub(super) fn new(aggregator: Aggregator) -> Self {
        Self {
            aggregator,
            best: None,
        }
    }

    /// Of equal inputs the first one stays, and for `LAST` the last one counts. Nothing can be
    /// taken back: what would be next was not kept.
    pub(super) fn add(&mut self, input: &Traced, is_anti: bool) -> Result<(), Problem> {
        if is_anti {
            return Err(Problem::AntiInput(self.aggregator));
        }
        match &self.best {
            None => self.best = Some(Ok(input.clone())),
            Some(Ok(best)) => match self.is_better(input, best) {
                Ok(true) => self.best = Some(Ok(input.clone())),
                Ok(false) => {}
                Err(problem) => self.best = Some(Err(problem)),
            },
            Some(Err(_)) => {}
        }
        Ok(())
    }

    pub(super) fn result(&self) -> Result<Traced, Problem> {
        self.best.clone().unwrap_or(Err(Problem::NoValue))
    }

    pub(super) fn has_value(&self) -> bool {
        self.best.is_some()
    }

    fn is_better(&self, input: &Traced, best: &Traced) -> Result<bool, Problem> {
        Ok(match self.aggregator {
            Aggregator::First => keys(input) < keys(best),
            Aggregator::Last => swapped(keys(input)) >= swapped(keys(best)),
            Aggregator::Min => self.compare(input, best)? == Ordering::Less,
            _ => self.compare(input, best)? == Ordering::Greater,
        })
    }

    fn compare(&self, input: &Traced, best: &Traced) -> Result<Ordering, Problem> {
        let order = input.value.compare(&best.value);
        order.ok_or_else(|| Problem::AggregatedTypes {
            aggregator: self.aggregator,
            left: best.value.kind(),
            right: input.value.kind(),
        })
    }
}

type Keys = Option<(EventKey, EventKey)>;

fn keys(traced: &Traced) -> Keys {
    traced.origin.keys()
}

fn swapped(keys: Keys) -> Keys {
    keys.map(|(from, to)| (to, from))
}
