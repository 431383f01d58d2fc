//! Events in, results out: a query at work.
//!
//! A [`Machine`] holds the state of the stages and nothing else: the caller brings the events, in
//! the order and up to the bounds it decided on, and does what it wants with the outputs. It never
//! waits and never reads; only what a sub-query needs it asks of an [`EventReader`].

mod distinct;
mod flow;
mod group;
mod output;
mod reader;
mod run;
mod stage;
mod sub_query;

pub use output::{Diagnostic, Output, Severity};
pub use reader::{EventReader, NoEvents};
pub use run::{Context, Machine, Mode};
