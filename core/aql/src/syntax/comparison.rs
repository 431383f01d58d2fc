//! Order comparisons of event keys and times.

use std::fmt;

/// How the key or the time of an event has to compare with a given one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// In the order in which to try them: a longer symbol before its beginning.
    pub(crate) const ALL: [Self; 4] = [
        Self::LessOrEqual,
        Self::GreaterOrEqual,
        Self::Less,
        Self::Greater,
    ];

    /// The ASCII spelling.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether the left one compares so with the right one.
    pub(crate) fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }

    pub(crate) const fn spellings(self) -> &'static [&'static str] {
        match self {
            Self::Less => &["<"],
            Self::LessOrEqual => &["<=", "\u{2264}"],
            Self::Greater => &[">"],
            Self::GreaterOrEqual => &[">=", "\u{2265}"],
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.symbol())
    }
}
