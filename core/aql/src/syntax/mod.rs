//! The syntax tree: what a query says, nothing simplified, nothing resolved.
//!
//! Only `parse` makes trees, so a tree is always within the bounds of `limits`. Printing a tree
//! gives a text that parses to the same tree. Nothing here decides what a query means.

mod aggregator;
mod comparison;
mod expr;
mod name;
mod operator;
mod point;
mod print;
mod query;
mod stage;
mod tag_expr;
#[cfg(test)]
mod tests;
mod visit;

pub use comparison::Comparison;
pub use name::{AppId, StreamId, Tag};
pub use point::KeyPoint;
pub use query::{Order, Query};

pub(crate) use aggregator::Aggregator;
pub(crate) use expr::{Call, Expr, Item, Literal, Metadata, Piece};
pub(crate) use name::{AppRef, NODE_ID_CHARS, Name};
pub(crate) use operator::Operator;
pub(crate) use point::{TimePoint, TimeUnit};
pub(crate) use query::{Pipeline, Source};
pub(crate) use stage::{Count, Grouped, Stage};
pub(crate) use tag_expr::{TagAtom, TagExpr, write_terms};
pub(crate) use visit::values;
