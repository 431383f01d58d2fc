//! `cargo xtask test`: every check there is, as named steps with one summary.
//!
//! `steps` is the table to add to; `run` carries it out and knows nothing of any single step.

mod browser;
pub(crate) mod c;
mod clients;
mod conformance;
mod fuzz;
pub(crate) mod node;
mod package;
pub(crate) mod python;
mod run;
mod shop_floor;
mod steps;
mod summary;

pub(crate) use run::{Arguments, everything, run};
