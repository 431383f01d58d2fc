//! The syntax tree: what a query says, nothing simplified, nothing resolved.
//!
//! Only `parse` makes trees, so a tree is always within the bounds of `limits`. Printing a tree
//! gives a text that parses to the same tree. Nothing here decides what a query means.

pub(crate) mod calendar;
mod comparison;
mod name;
mod point;
mod query;
mod tag_expr;
#[cfg(test)]
mod tests;

pub use comparison::Comparison;
pub use name::{AppId, StreamId, Tag};
pub use point::KeyPoint;
pub use query::{Order, Query};

pub(crate) use name::{AppRef, NODE_ID_CHARS};
pub(crate) use point::{TimePoint, TimeUnit};
pub(crate) use query::{Source, Stage};
pub(crate) use tag_expr::{TagAtom, TagExpr, write_terms};
