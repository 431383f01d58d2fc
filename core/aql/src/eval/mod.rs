//! Expressions to values: one expression, one scope, one value with its origin or a problem.
//!
//! Evaluation recurses as deep as the parser allowed and no deeper. It never reads events; what a
//! sub-query gives it asks of a [`scope::SubQueries`], which the machine above implements.

mod event;
mod expression;
mod metadata;
mod operation;
mod origin;
mod problem;
mod scope;
#[cfg(test)]
mod tests;

pub use event::{EventInput, EventKey};
pub use origin::{EventRange, Origin, Traced};

pub(crate) use expression::{items, text};
pub(crate) use problem::{Problem, me};
pub(crate) use scope::{Bindings, Outside, Scope, SubQueries};
