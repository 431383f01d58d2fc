//! What the gateway itself counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use axum::http::StatusCode;

/// Answered requests, by the first digit of their status.
#[derive(Debug, Default)]
pub(crate) struct Tally([AtomicU64; CLASSES.len()]);

impl Tally {
    pub(crate) fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100);
        if let Some(counter) = class.checked_sub(1).and_then(|class| self.0.get(class)) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// How many there were of each class.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.0.iter().map(|counter| counter.load(Relaxed));
        CLASSES.into_iter().zip(counts)
    }
}

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
