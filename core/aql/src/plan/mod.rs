//! Syntax tree to plan: what a log has to deliver, with everything resolved and simplified.
//!
//! A plan is data without behaviour. Equal conditions give equal plans where simplification sees
//! it; it never loses an event that the query selects, nor adds one.

mod planner;
mod selection;
#[cfg(test)]
mod tests;
mod window;

pub use crate::syntax::KeyPoint;
pub use planner::{Plan, PlanError};
pub use selection::Selection;

pub(crate) use planner::select;
