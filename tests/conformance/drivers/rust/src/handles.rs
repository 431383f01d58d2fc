//! What is open, by the names that the suite gives.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use swarmlet::Node;

use crate::rows::Reading;
use crate::swarms::Following;
use crate::trouble::Trouble;

/// Everything that is open.
#[derive(Default)]
pub(crate) struct Handles {
    nodes: Shelf<Node>,
    streams: Shelf<Arc<Reading>>,
    changes: Shelf<Arc<Following>>,
    /// Nodes that lost their name to another, kept until the end as an app would.
    replaced: Mutex<Vec<Node>>,
}

/// Things of one sort.
pub(crate) struct Shelf<T>(Mutex<HashMap<String, T>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Shelf<T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn named(&self, name: &str) -> Result<T, Trouble> {
        let found = self.lock().get(name).cloned();
        found.ok_or_else(|| Trouble::broken(format!("nothing is open as {name}")))
    }

    fn keep(&self, name: &str, thing: T) -> Option<T> {
        self.lock().insert(name.to_owned(), thing)
    }

    fn empty(&self) -> Vec<T> {
        self.lock().drain().map(|(_, thing)| thing).collect()
    }
}

impl Handles {
    pub(crate) fn node(&self, name: &str) -> Result<Node, Trouble> {
        self.nodes.named(name)
    }

    pub(crate) fn keep_node(&self, name: &str, node: Node) {
        let before = self.nodes.keep(name, node);
        self.replaced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(before);
    }

    pub(crate) fn stream(&self, name: &str) -> Result<Arc<Reading>, Trouble> {
        self.streams.named(name)
    }

    pub(crate) fn keep_stream(&self, name: &str, reading: Reading) {
        self.streams.keep(name, Arc::new(reading));
    }

    pub(crate) fn changes(&self, name: &str) -> Result<Arc<Following>, Trouble> {
        self.changes.named(name)
    }

    pub(crate) fn keep_changes(&self, name: &str, following: Following) {
        self.changes.keep(name, Arc::new(following));
    }

    /// Closes everything and forgets it.
    pub(crate) async fn reset(&self) {
        for reading in self.streams.empty() {
            reading.cancel().await;
        }
        for following in self.changes.empty() {
            following.cancel();
        }
        let replaced =
            std::mem::take(&mut *self.replaced.lock().unwrap_or_else(PoisonError::into_inner));
        for node in self.nodes.empty().into_iter().chain(replaced) {
            // What closing fails with was a matter of the scenario.
            let _ = node.close().await;
        }
    }
}
