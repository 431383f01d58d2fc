//! What is counted by name: the first ones apart, the others together.
//!
//! So the number of series is bounded, and a name never moves from one to another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is counted for each of those that have names.
#[derive(Debug)]
pub(super) struct Named<K, R> {
    named_max: usize,
    table: Mutex<Table<K, R>>,
    others: Arc<R>,
}

#[derive(Debug)]
struct Table<K, R> {
    named: BTreeMap<K, Arc<R>>,
    /// Whether there were more than have names.
    has_others: bool,
}

impl<K: Clone + Ord, R: Default> Named<K, R> {
    /// None yet; so many will be told apart.
    pub(super) fn new(named_max: usize) -> Self {
        let table = Table {
            named: BTreeMap::new(),
            has_others: false,
        };
        Self {
            named_max,
            table: Mutex::new(table),
            others: Arc::default(),
        }
    }

    /// What is counted for this one, from now on if it is new.
    pub(super) fn of(&self, name: &K) -> Arc<R> {
        let mut table = self.lock();
        if let Some(known) = table.named.get(name) {
            return known.clone();
        }
        if table.named.len() >= self.named_max {
            table.has_others = true;
            return self.others.clone();
        }
        table.named.entry(name.clone()).or_default().clone()
    }

    /// What is counted for this one, if it is told apart.
    pub(super) fn known(&self, name: &K) -> Option<Arc<R>> {
        self.lock().named.get(name).cloned()
    }

    /// What is counted for all that are not told apart.
    pub(super) fn others(&self) -> &R {
        &self.others
    }

    /// All of them by `tell`, the others last, if there are any.
    pub(super) fn snapshot<T>(&self, tell: impl Fn(Option<&K>, &R) -> T) -> Vec<T> {
        let table = self.lock();
        let named = table.named.iter().map(|(name, one)| tell(Some(name), one));
        let others = table.has_others.then(|| tell(None, &self.others));
        named.chain(others).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Table<K, R>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::*;

    #[test]
    fn one_too_many_is_counted_with_the_others_and_stays_there() {
        let named = Named::<u8, AtomicU64>::new(2);
        let told = || named.snapshot(|name, count| (name.copied(), count.load(Relaxed)));
        for name in [7, 3, 7] {
            named.of(&name).fetch_add(1, Relaxed);
        }
        assert_eq!(
            told(),
            [(Some(3), 1), (Some(7), 2)],
            "nobody else was there"
        );
        for name in [9, 1, 9, 3] {
            named.of(&name).fetch_add(1, Relaxed);
        }
        assert_eq!(told(), [(Some(3), 2), (Some(7), 2), (None, 3)]);
        assert!(named.known(&3).is_some() && named.known(&9).is_none());
    }
}
