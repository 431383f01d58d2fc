//! Who has which events, and what a device lacks of those that some device has; pure.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use swarmlet::Offsets;

/// How many events of each stream there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Present(BTreeMap<String, u64>);

/// What some device had at which time, to tell since when another one lacks it.
#[derive(Debug, Default)]
pub(crate) struct History {
    all: Present,
    moments: VecDeque<(Duration, Present)>,
}

/// How far a device is behind all others together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lag {
    pub(crate) events: u64,
    /// For how long it has lacked the oldest of them.
    pub(crate) time: Duration,
}

impl Present {
    pub(crate) fn events(&self) -> u64 {
        self.0.values().sum()
    }

    pub(crate) fn streams(&self) -> usize {
        self.0.len()
    }

    /// How many events of `other` are not here.
    pub(crate) fn lacking(&self, other: &Self) -> u64 {
        let streams = other.0.iter();
        let missing = streams.map(|(stream, count)| {
            let own = self.0.get(stream).copied().unwrap_or(0);
            count.saturating_sub(own)
        });
        missing.sum()
    }

    fn absorb(&mut self, other: &Self) {
        for (stream, count) in &other.0 {
            let own = self.0.entry(stream.clone()).or_default();
            *own = (*own).max(*count);
        }
    }
}

impl From<&Offsets> for Present {
    fn from(offsets: &Offsets) -> Self {
        let counts = offsets.iter();
        Self(
            counts
                .map(|(stream, last)| (stream.to_string(), last.get() + 1))
                .collect(),
        )
    }
}

impl History {
    /// Takes in what the devices had at one moment; moments come in order.
    pub(crate) fn observe<'a>(
        &mut self,
        now: Duration,
        devices: impl IntoIterator<Item = &'a Present>,
    ) {
        for present in devices {
            self.all.absorb(present);
        }
        if self.moments.len() == MOMENTS_MAX {
            self.moments.pop_front();
        }
        self.moments.push_back((now, self.all.clone()));
    }

    /// What some device had.
    pub(crate) fn all(&self) -> &Present {
        &self.all
    }

    /// How far a device that has `present` is behind.
    pub(crate) fn lag(&self, present: &Present, now: Duration) -> Lag {
        let is_lacking = |moment: &&(Duration, Present)| present.lacking(&moment.1) > 0;
        let since = self.moments.iter().find(is_lacking);
        Lag {
            events: present.lacking(&self.all),
            time: since.map_or(Duration::ZERO, |(then, _)| now.saturating_sub(*then)),
        }
    }
}

/// A minute of moments: longer than any cut that the demo makes.
const MOMENTS_MAX: usize = 600;

#[cfg(test)]
mod tests {
    use super::*;

    fn present(counts: &[(&str, u64)]) -> Present {
        let counts = counts.iter();
        Present(
            counts
                .map(|(stream, count)| ((*stream).to_owned(), *count))
                .collect(),
        )
    }

    #[test]
    fn what_others_have_of_other_streams_is_lacking_too() {
        let own = present(&[("a", 5), ("b", 2)]);
        assert_eq!(own.lacking(&present(&[("a", 7), ("b", 1), ("c", 3)])), 5);
        assert_eq!(own.lacking(&own), 0);
    }

    #[test]
    fn the_time_of_a_lag_is_that_of_its_oldest_event() {
        let second = Duration::from_secs(1);
        let mut history = History::default();
        for turn in 0..5 {
            history.observe(second * turn, [&present(&[("a", 10 * u64::from(turn))])]);
        }
        let lag = |count| history.lag(&present(&[("a", count)]), second * 4);
        let behind = |events, seconds| Lag {
            events,
            time: second * seconds,
        };
        assert_eq!(lag(40), behind(0, 0));
        assert_eq!(lag(39), behind(1, 0));
        assert_eq!(lag(15), behind(25, 2));
        assert_eq!(lag(0), behind(40, 3));
    }
}
