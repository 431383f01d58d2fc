//! Conditions on events, kept simple by the way they are built.

use std::collections::BTreeSet;
use std::fmt;

use super::window::Window;
use crate::eval::{EventInput, EventKey};
use crate::syntax::{AppId, Comparison, KeyPoint, Tag, write_terms};

/// Which events a query starts from.
///
/// Built by planning only in this form: the members of `And` and `Or` are at least two, sorted,
/// different, never of the same kind as their parent, and never `All` or `Nothing`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selection {
    /// Every event.
    All,
    /// No event: the conditions contradict each other.
    Nothing,
    /// Events with the tag.
    Tag(Tag),
    /// Events published by the app.
    App(AppId),
    /// Events published by this node.
    Local,
    /// Events whose (lamport, stream) compares so with the point; see [`KeyPoint`] for a point
    /// without stream.
    Key(Comparison, KeyPoint),
    /// Events whose timestamp compares so with the time, in microseconds since 1970.
    Time(Comparison, i64),
    /// Events that meet all conditions.
    And(Vec<Selection>),
    /// Events that meet at least one condition.
    Or(Vec<Selection>),
}

impl Selection {
    /// The conjunction, simplified: flat, no duplicates, one lower and one upper bound of keys and
    /// of times, and `Nothing` where bounds or apps exclude each other.
    pub(crate) fn all_of(parts: Vec<Self>) -> Self {
        let mut members = BTreeSet::new();
        let mut keys = Window::default();
        let mut times = Window::default();
        for part in parts.into_iter().flat_map(Self::into_conjuncts) {
            match part {
                Self::Nothing => return Self::Nothing,
                Self::All => {}
                Self::Key(comparison, point) => keys.narrow(comparison, point),
                Self::Time(comparison, time_us) => times.narrow(comparison, time_us),
                other => {
                    members.insert(other);
                }
            }
        }
        let app_count = members
            .iter()
            .filter(|member| matches!(member, Self::App(_)))
            .count();
        if keys.is_empty() || times.is_empty() || app_count > 1 {
            return Self::Nothing;
        }
        members.extend(
            keys.into_bounds()
                .map(|(comparison, point)| Self::Key(comparison, point)),
        );
        members.extend(
            times
                .into_bounds()
                .map(|(comparison, at)| Self::Time(comparison, at)),
        );
        Self::from_members(absorb(members), Self::All, Self::And)
    }

    /// The disjunction, simplified: flat and no duplicates.
    pub(crate) fn any_of(branches: Vec<Self>) -> Self {
        let mut members = BTreeSet::new();
        for branch in branches.into_iter().flat_map(Self::into_disjuncts) {
            match branch {
                Self::All => return Self::All,
                Self::Nothing => {}
                other => {
                    members.insert(other);
                }
            }
        }
        Self::from_members(absorb(members), Self::Nothing, Self::Or)
    }

    /// Whether the event is one of those; `is_local` says whether this node published it. For
    /// events that are in no log, which has better ways.
    #[must_use]
    pub fn matches(&self, event: &dyn EventInput, is_local: bool) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Local => is_local,
            Self::Tag(tag) => event.tags().contains(&tag.as_str()),
            Self::App(app) => event.app() == app.as_str(),
            Self::Key(comparison, point) => {
                let EventKey {
                    lamport, stream, ..
                } = event.key();
                let stream = Some(stream);
                comparison.holds(&KeyPoint { lamport, stream }, point)
            }
            Self::Time(comparison, time_us) => comparison.holds(&event.time_us(), time_us),
            Self::And(parts) => parts.iter().all(|part| part.matches(event, is_local)),
            Self::Or(branches) => branches
                .iter()
                .any(|branch| branch.matches(event, is_local)),
        }
    }

    fn from_members(members: Vec<Self>, none: Self, join: fn(Vec<Self>) -> Self) -> Self {
        match members.len() {
            0 => none,
            1 => members.into_iter().next().unwrap_or(none),
            _ => join(members),
        }
    }

    fn into_conjuncts(self) -> Vec<Self> {
        if let Self::And(parts) = self {
            parts
        } else {
            vec![self]
        }
    }

    fn into_disjuncts(self) -> Vec<Self> {
        if let Self::Or(branches) = self {
            branches
        } else {
            vec![self]
        }
    }
}

/// Drops members that another member makes superfluous: `a & (a | b)` and `a | (a & b)` are `a`.
/// A set has members of one of the two compound kinds only, so one rule serves both.
fn absorb(members: BTreeSet<Selection>) -> Vec<Selection> {
    let is_needed = |member: &Selection| match member {
        Selection::And(inner) | Selection::Or(inner) => {
            !inner.iter().any(|part| members.contains(part))
        }
        _ => true,
    };
    members
        .iter()
        .filter(|member| is_needed(member))
        .cloned()
        .collect()
}

impl fmt::Display for Selection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_compound = |member: &Self| matches!(member, Self::And(_) | Self::Or(_));
        match self {
            Self::All => out.write_str("allEvents"),
            Self::Nothing => out.write_str("nothing"),
            Self::Tag(tag) => tag.fmt(out),
            Self::App(app) => write!(out, "appId({app})"),
            Self::Local => out.write_str("isLocal"),
            Self::Key(comparison, point) => write!(out, "KEY {comparison} {point}"),
            Self::Time(comparison, time_us) => write!(out, "TIME {comparison} {time_us}us"),
            Self::And(parts) => write_terms(out, " & ", parts, is_compound),
            Self::Or(branches) => write_terms(out, " | ", branches, is_compound),
        }
    }
}
