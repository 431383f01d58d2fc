//! Feature words: which parts of the language a query uses, and whether it may.
//!
//! Kept for apps written for the predecessor, with its words, rules and texts. Nothing else here
//! depends on it: a caller that does not check gives its queries the whole language.

mod check;
mod feature;
mod used;

pub use check::FeatureError;
pub use feature::{Endpoint, Feature};
