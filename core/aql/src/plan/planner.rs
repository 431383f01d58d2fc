//! From the tree to the plan.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU64;

use super::selection::Selection;
use crate::eval::{Bindings, Outside, Problem, Scope, SubQueries, Traced, me, text};
use crate::syntax::{AppId, AppRef, Count, Order, Pipeline, Query, Source, Stage};
use crate::syntax::{Tag, TagAtom, TagExpr, TimePoint};
use crate::value::Value;

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
    /// The query does more than select events, so a plan is not enough.
    #[error("{0} is not supported yet")]
    NeedsMachine(&'static str),
    /// The query names a parameter that the caller does not give.
    #[error("parameter `{0}` is not bound")]
    ParameterNotBound(String),
    /// A parameter says how many values may pass, and is no integer from 1 on.
    #[error("`{0}` is not a positive integer")]
    NotPositive(String),
    /// A tag, time or other part of the selection cannot be computed.
    #[error("{0}")]
    Selection(String),
}

impl From<Problem> for PlanError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::AppUnknown => Self::AppUnknown,
            Problem::ParameterNotBound(name) => Self::ParameterNotBound(name),
            Problem::NotPositive(value) => Self::NotPositive(value),
            other => Self::Selection(other.to_string()),
        }
    }
}

impl Query {
    /// What a log has to deliver for this query, if that is all there is to do: stages other than
    /// `LIMIT` and sub-queries need a [`crate::Machine`].
    ///
    /// `now_us` is the time that `5m ago` counts from, in microseconds since 1970; `me` is the app
    /// id that `appId(me)` stands for, which fails if it is needed and not there.
    pub fn plan(&self, now_us: i64, me: Option<&str>) -> Result<Plan, PlanError> {
        self.plan_with(now_us, me, &BTreeMap::new())
    }

    /// As [`Query::plan`], with what `$name` stands for in tags and times.
    pub fn plan_with(
        &self,
        now_us: i64,
        me: Option<&str>,
        parameters: &BTreeMap<String, Value>,
    ) -> Result<Plan, PlanError> {
        let (events, order) = self.selection_only()?;
        let invalid = |me: &str| PlanError::AppInvalid(me.to_owned());
        let me = me.map(|me| AppId::new(me).ok_or_else(|| invalid(me)));
        let outside = Outside {
            now_us,
            me: me.as_ref().and_then(|me| me.as_ref().ok()),
            parameters,
            sub_queries: &NoSubQueries,
        };
        let selection = select(events, &Scope::new(outside, Bindings::default()));
        let selection = selection.map_err(|problem| match (problem, &me) {
            (Problem::AppUnknown, Some(Err(error))) => error.clone(),
            (problem, _) => problem.into(),
        })?;
        let limits = self.pipeline.stages.iter().filter_map(limit_of);
        Ok(Plan {
            selection,
            order,
            limit: limits.min(),
        })
    }

    /// Source and order, unless there is something that a selection cannot say.
    fn selection_only(&self) -> Result<(&TagExpr, Option<Order>), PlanError> {
        if self.events.is_some() {
            return Err(PlanError::NeedsMachine("PRAGMA events"));
        }
        if let Some(what) = self.pipeline.stages.iter().find_map(beyond_a_plan) {
            return Err(PlanError::NeedsMachine(what));
        }
        match &self.pipeline.source {
            Source::Events { events, order } => Ok((events, *order)),
            Source::Array(_) => Err(PlanError::NeedsMachine("FROM with an array")),
        }
    }
}

fn limit_of(stage: &Stage) -> Option<NonZeroU64> {
    match stage {
        Stage::Limit(Count::Number(count)) => Some(*count),
        _ => None,
    }
}

/// What a plan has no place for.
fn beyond_a_plan(stage: &Stage) -> Option<&'static str> {
    match stage {
        Stage::Limit(Count::Number(_)) => None,
        Stage::Limit(Count::Parameter(_)) => Some("LIMIT with a parameter"),
        _ => Some(stage.keyword()),
    }
}

struct NoSubQueries;

impl SubQueries for NoSubQueries {
    fn run(&self, _: &Pipeline, _: &Scope<'_>) -> Result<Vec<Traced>, Problem> {
        Err(Problem::NotSupported("sub-query".into()))
    }
}

/// The events that a tag expression stands for in that scope.
pub(crate) fn select(expr: &TagExpr, scope: &Scope<'_>) -> Result<Selection, Problem> {
    let each = |exprs: &[TagExpr]| -> Result<Vec<_>, _> {
        exprs.iter().map(|expr| select(expr, scope)).collect()
    };
    Ok(match expr {
        TagExpr::Atom(atom) => select_atom(atom, scope)?,
        TagExpr::And(parts) => Selection::all_of(each(parts)?),
        TagExpr::Or(branches) => Selection::any_of(each(branches)?),
    })
}

fn select_atom(atom: &TagAtom, scope: &Scope<'_>) -> Result<Selection, Problem> {
    Ok(match atom {
        TagAtom::AllEvents => Selection::All,
        TagAtom::IsLocal => Selection::Local,
        TagAtom::Tag(tag) => Selection::Tag(tag.clone()),
        TagAtom::Interpolation(pieces) => Selection::Tag(tag(&text(pieces, scope)?.0)?),
        TagAtom::Parameter(name) => {
            Selection::Tag(tag(scope.outside.parameter(name)?.as_string()?)?)
        }
        TagAtom::App(AppRef::Named(app)) => Selection::App(app.clone()),
        TagAtom::App(AppRef::Me) => Selection::App(me(scope.outside.me)?),
        TagAtom::Key(comparison, point) => Selection::Key(*comparison, point.clone()),
        TagAtom::Time(comparison, point) => Selection::Time(*comparison, time_us(point, scope)?),
    })
}

fn tag(text: &str) -> Result<Tag, Problem> {
    Tag::new(text).ok_or(Problem::EmptyTag)
}

fn time_us(point: &TimePoint, scope: &Scope<'_>) -> Result<i64, Problem> {
    match point {
        TimePoint::At(time_us) => Ok(*time_us),
        TimePoint::Ago { amount, unit } => Ok(unit.ago(*amount, scope.outside.now_us)),
        TimePoint::Parameter(name) => scope.outside.parameter(name)?.as_timestamp(),
    }
}
