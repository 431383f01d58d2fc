//! Text to syntax tree: a recursive descent parser over a cursor.
//!
//! The language has no context-free tokens (`2021-07-20`, `5m ago` and stream ids mean something
//! only where they may stand), so there is no separate lexer: the cursor knows blanks, words and
//! symbols, and each construct reads its own literals. It never looks past the construct it is in,
//! and its recursion is bounded by the cursor.

mod atom;
mod cursor;
mod expr;
mod interpolation;
mod literal;
mod pragma;
mod query;
mod stage;
mod tag_expr;
mod time;

pub use time::parse_time;
