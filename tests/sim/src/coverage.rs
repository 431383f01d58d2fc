//! What the runs of all seeds met: a fault that no run meets is a fault that is not tested.

use std::collections::BTreeMap;

/// How many seeds met each thing.
#[derive(Clone, Debug)]
pub struct Coverage<M> {
    seeds: BTreeMap<M, u64>,
}

impl<M> Default for Coverage<M> {
    fn default() -> Self {
        Self {
            seeds: BTreeMap::new(),
        }
    }
}

impl<M: Copy + Ord> Coverage<M> {
    /// One run met it, once or more.
    pub fn note(&mut self, met: M) {
        self.seeds.insert(met, 1);
    }

    /// Adds the runs of others.
    pub fn add(&mut self, other: &Self) {
        for (met, count) in &other.seeds {
            *self.seeds.entry(*met).or_default() += count;
        }
    }

    /// The share of `seeds` that met it, in percent.
    #[must_use]
    pub fn share(&self, met: M, seeds: u64) -> f64 {
        let count = self.seeds.get(&met).copied().unwrap_or(0);
        count as f64 * 100.0 / seeds as f64
    }
}
