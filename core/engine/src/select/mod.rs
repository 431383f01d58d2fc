//! Which events a reader wants, as conditions an index can answer.
//!
//! This is what a query language is translated into; it has no text form. It sits above `event`
//! and knows nothing of files.

mod bounds;
mod selection;

pub use bounds::{Comparison, KeyPoint};
pub use selection::{EventView, Selection};
