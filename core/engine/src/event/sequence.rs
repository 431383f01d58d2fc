//! Counters of the log: offset, lamport, and the wall clock that orders nothing.

use std::fmt;

use crate::error::{Error, Result};
use crate::limits::{LAMPORT_JUMP_MAX, SEQUENCE_MAX};

macro_rules! sequence {
    ($name:ident, $what:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The first value.
            pub const ZERO: Self = Self(0);
            /// The largest value, 2^53 - 1.
            pub const MAX: Self = Self(SEQUENCE_MAX);

            /// Takes a number; refuses 2^53 and more.
            pub fn new(number: u64) -> Result<Self> {
                if number > SEQUENCE_MAX {
                    let message = concat!($what, " must be below 2^53");
                    return Err(Error::invalid(message).with($what, number));
                }
                Ok(Self(number))
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The value `count` further on; refuses to pass 2^53.
            pub fn advanced(self, count: u64) -> Result<Self> {
                Self::new(self.0.saturating_add(count))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    };
}

sequence!(
    Offset,
    "offset",
    "Gapless position of an event in its stream, from 0."
);
sequence!(
    Lamport,
    "lamport",
    "Logical clock: larger than that of everything its author had seen."
);

impl Lamport {
    /// The clock after hearing `received` from somebody else; refuses absurd jumps, which only
    /// a faulty or malicious peer makes.
    pub fn observed(self, received: Self) -> Result<Self> {
        if received.0 > self.0.saturating_add(LAMPORT_JUMP_MAX) {
            return Err(Error::invalid("lamport jumps too far ahead")
                .with("received", received)
                .with("own", self));
        }
        Ok(self.max(received))
    }
}

/// Wall clock of the publisher in microseconds since 1970-01-01 UTC. Shown, never trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest value.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest value.
    pub const MAX: Self = Self(i64::MAX);

    /// From microseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_end_below_two_to_the_53() {
        assert_eq!(Offset::new(SEQUENCE_MAX).unwrap(), Offset::MAX);
        assert!(Offset::new(SEQUENCE_MAX + 1).is_err());
        assert!(Offset::MAX.advanced(1).is_err());
    }

    #[test]
    fn lamport_refuses_a_jump_one_past_the_bound() {
        let own = Lamport::new(7).unwrap();
        let far = own.advanced(LAMPORT_JUMP_MAX).unwrap();
        assert_eq!(own.observed(far).unwrap(), far);
        assert!(own.observed(far.advanced(1).unwrap()).is_err());
        assert_eq!(own.observed(Lamport::ZERO).unwrap(), own);
    }
}
