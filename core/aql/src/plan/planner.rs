//! From the tree to the plan.

use std::fmt;
use std::num::NonZeroU64;

use super::selection::Selection;
use crate::syntax::{AppId, AppRef, Order, Query, Stage, TagAtom, TagExpr};

/// What to read: which events, in which order, and how many at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which events.
    pub selection: Selection,
    /// The order the query demands; without one the caller chooses.
    pub order: Option<Order>,
    /// How many events at most, then stop.
    pub limit: Option<NonZeroU64>,
}

/// One line for logs; not query text, though it looks like it where it can.
impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.selection.fmt(out)?;
        if let Some(order) = self.order {
            write!(out, " ORDER {}", order.keyword())?;
        }
        match self.limit {
            Some(count) => write!(out, " LIMIT {count}"),
            None => Ok(()),
        }
    }
}

/// A query that cannot be planned with what the caller passed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The query says `appId(me)` and the caller is no app.
    #[error("the query asks for appId(me), but no app id is known for the caller")]
    AppUnknown,
    /// The query says `appId(me)` and the caller's app id is not one.
    #[error("the caller's app id {0:?} is not made of labels of a-z 0-9 - separated by dots")]
    AppInvalid(String),
}

impl Query {
    /// What a log has to deliver for this query.
    ///
    /// `now_us` is the time that `5m ago` counts from, in microseconds since 1970; `me` is the app
    /// id that `appId(me)` stands for, which fails if it is needed and not there.
    pub fn plan(&self, now_us: i64, me: Option<&str>) -> Result<Plan, PlanError> {
        let context = Context { now_us, me };
        Ok(Plan {
            selection: context.select(&self.source.events)?,
            order: self.source.order,
            limit: self.stages.iter().map(|Stage::Limit(count)| *count).min(),
        })
    }
}

struct Context<'a> {
    now_us: i64,
    me: Option<&'a str>,
}

impl Context<'_> {
    fn select(&self, expr: &TagExpr) -> Result<Selection, PlanError> {
        Ok(match expr {
            TagExpr::Atom(atom) => self.select_atom(atom)?,
            TagExpr::And(parts) => Selection::all_of(self.select_each(parts)?),
            TagExpr::Or(branches) => Selection::any_of(self.select_each(branches)?),
        })
    }

    fn select_each(&self, exprs: &[TagExpr]) -> Result<Vec<Selection>, PlanError> {
        exprs.iter().map(|expr| self.select(expr)).collect()
    }

    fn select_atom(&self, atom: &TagAtom) -> Result<Selection, PlanError> {
        Ok(match atom {
            TagAtom::AllEvents => Selection::All,
            TagAtom::IsLocal => Selection::Local,
            TagAtom::Tag(tag) => Selection::Tag(tag.clone()),
            TagAtom::App(AppRef::Named(app)) => Selection::App(app.clone()),
            TagAtom::App(AppRef::Me) => Selection::App(self.caller()?),
            TagAtom::Key(comparison, point) => Selection::Key(*comparison, point.clone()),
            TagAtom::Time(comparison, point) => {
                Selection::Time(*comparison, point.to_us(self.now_us))
            }
        })
    }

    fn caller(&self) -> Result<AppId, PlanError> {
        let me = self.me.ok_or(PlanError::AppUnknown)?;
        AppId::new(me).ok_or_else(|| PlanError::AppInvalid(me.to_owned()))
    }
}
