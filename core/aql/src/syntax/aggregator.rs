//! The functions that turn many values into one.

use std::fmt;

/// How values are taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Aggregator {
    Sum,
    Product,
    Min,
    Max,
    First,
    Last,
    Count,
    Average,
}

impl Aggregator {
    pub(crate) const ALL: [Self; 8] = [
        Self::Sum,
        Self::Product,
        Self::Min,
        Self::Max,
        Self::First,
        Self::Last,
        Self::Count,
        Self::Average,
    ];

    /// How it is written in front of its argument.
    pub(crate) const fn keyword(self) -> &'static str {
        match self {
            Self::Sum => "SUM",
            Self::Product => "PRODUCT",
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::First => "FIRST",
            Self::Last => "LAST",
            Self::Count => "COUNT",
            Self::Average => "AVG",
        }
    }
}

impl fmt::Display for Aggregator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.keyword())
    }
}
