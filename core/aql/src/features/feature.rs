//! The words, and what is known of each.

use std::fmt;

/// A part of the language that has a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// `TIME > ...` in `FROM`.
    TimeRange,
    /// `KEY > ...` in `FROM`.
    EventKeyRange,
    /// `SELECT` with several items.
    MultiEmission,
    /// `AGGREGATE`.
    Aggregate,
    /// Queries in expressions.
    SubQuery,
    /// `LIMIT`.
    Limit,
    /// `LET`.
    Binding,
    /// Strings in backticks.
    Interpolation,
    /// `FROM [...]`.
    FromArray,
    /// `...` in front of an item.
    Spread,
    /// `GROUP BY`.
    GroupBy,
    /// `DISTINCT`.
    Distinct,
}

/// What a query is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The events there are.
    Query,
    /// Those, and then those that come.
    Subscribe,
    /// The same in the order of event keys, with time travel.
    SubscribeMonotonic,
}

impl Feature {
    /// In the order in which an error lists them.
    pub const ALL: [Self; 12] = [
        Self::TimeRange,
        Self::EventKeyRange,
        Self::MultiEmission,
        Self::Aggregate,
        Self::SubQuery,
        Self::Limit,
        Self::Binding,
        Self::Interpolation,
        Self::FromArray,
        Self::Spread,
        Self::GroupBy,
        Self::Distinct,
    ];

    /// The word that enables it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TimeRange => "timeRange",
            Self::EventKeyRange => "eventKeyRange",
            Self::MultiEmission => "multiEmission",
            Self::Aggregate => "aggregate",
            Self::SubQuery => "subQuery",
            Self::Limit => "limit",
            Self::Binding => "binding",
            Self::Interpolation => "interpolation",
            Self::FromArray => "fromArray",
            Self::Spread => "spread",
            Self::GroupBy => "groupBy",
            Self::Distinct => "distinct",
        }
    }

    /// Whether it has to be enabled.
    #[must_use]
    pub const fn is_beta(self) -> bool {
        matches!(
            self,
            Self::MultiEmission
                | Self::Aggregate
                | Self::SubQuery
                | Self::Interpolation
                | Self::FromArray
                | Self::Spread
        )
    }

    /// Whether a query that uses it makes sense there.
    #[must_use]
    pub const fn is_allowed_on(self, endpoint: Endpoint) -> bool {
        match self {
            Self::MultiEmission | Self::SubQuery | Self::FromArray => {
                matches!(endpoint, Endpoint::Query)
            }
            Self::Aggregate | Self::Limit | Self::GroupBy => {
                !matches!(endpoint, Endpoint::SubscribeMonotonic)
            }
            Self::TimeRange
            | Self::EventKeyRange
            | Self::Binding
            | Self::Interpolation
            | Self::Spread
            | Self::Distinct => true,
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Query => "Query",
            Self::Subscribe => "Subscribe",
            Self::SubscribeMonotonic => "SubscribeMonotonic",
        })
    }
}
