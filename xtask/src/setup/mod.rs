//! `cargo xtask setup`: everything that tests need on a machine with Rust, Python, Node and a C
//! compiler.
//!
//! Done once per content of the requirement files, then only looked at: a stamp says so.

mod machine;
mod maven;
mod node;
mod python;
mod run;

pub(crate) use machine::prepare_for_predecessor;
pub(crate) use run::run;
