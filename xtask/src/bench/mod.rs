//! `cargo xtask bench NAME`: benchmark programs, optimised as users get the library.

mod languages;
mod predecessor;
mod run;

pub(crate) use run::{Arguments, run};
