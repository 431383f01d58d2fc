//! The points that `KEY` and `TIME` compare with.

use std::fmt;

use super::name::{Name, StreamId};
use crate::calendar::Civil;

/// A point in the order of events: a lamport, and possibly a stream.
///
/// Without a stream the point lies before every stream of that lamport, so `KEY > 7` includes the
/// events of lamport 7 and `KEY <= 7` excludes them. The derived order is that of the points.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPoint {
    /// Logical time; below 2^53 when it comes from a query.
    pub lamport: u64,
    /// The stream within it; none is before all of them.
    pub stream: Option<StreamId>,
}

impl fmt::Display for KeyPoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stream {
            Some(stream) => write!(out, "{}/{stream}", self.lamport),
            None => write!(out, "{}", self.lamport),
        }
    }
}

/// A point in time, possibly relative to one that is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TimePoint {
    /// Microseconds since 1970, within the years 0000 to 9999.
    At(i64),
    /// So much before the query is planned.
    Ago {
        /// How many units.
        amount: u64,
        /// Of what length.
        unit: TimeUnit,
    },
    /// What the caller gives.
    Parameter(Name),
}

impl TimePoint {
    /// The parameter, if it is one.
    pub(crate) fn parameter(&self) -> Option<&Name> {
        match self {
            Self::Parameter(name) => Some(name),
            Self::At(_) | Self::Ago { .. } => None,
        }
    }
}

impl TimeUnit {
    /// So many units before `now_us`. A duration that is too long to be one counts as the longest,
    /// some 292 000 years.
    pub(crate) fn ago(self, amount: u64, now_us: i64) -> i64 {
        let amount = i64::try_from(amount).unwrap_or(i64::MAX);
        now_us.saturating_sub(amount.saturating_mul(self.length_us()))
    }
}

impl fmt::Display for TimePoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time_us) => Civil::from_us(*time_us).fmt(out),
            Self::Ago { amount, unit } => write!(out, "{amount}{} ago", unit.letter()),
            Self::Parameter(name) => write!(out, "${name}"),
        }
    }
}

/// The unit of a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

impl TimeUnit {
    pub(crate) const ALL: [Self; 7] = [
        Self::Year,
        Self::Month,
        Self::Week,
        Self::Day,
        Self::Hour,
        Self::Minute,
        Self::Second,
    ];

    /// How the unit is written, directly behind the number.
    pub(crate) const fn letter(self) -> &'static str {
        match self {
            Self::Year => "Y",
            Self::Month => "M",
            Self::Week => "W",
            Self::Day => "D",
            Self::Hour => "h",
            Self::Minute => "m",
            Self::Second => "s",
        }
    }

    /// A year is the mean tropical year of 2000 and a month the synodic month of 2000: the same
    /// lengths as in the language's earlier implementation, so that queries keep their results.
    const fn length_us(self) -> i64 {
        match self {
            Self::Year => 31_556_925_250_733,
            Self::Month => 2_551_442_876_908,
            Self::Week => 604_800_000_000,
            Self::Day => 86_400_000_000,
            Self::Hour => 3_600_000_000,
            Self::Minute => 60_000_000,
            Self::Second => 1_000_000,
        }
    }
}
