//! `cargo xtask gen`: the files that are generated from tables, and whether they are current.
//!
//! Generated files are committed, so that a reader and a package manager need no generator. Each
//! renderer is a pure function from the table to text; only `files` touches the disk.

mod c;
mod files;
mod kotlin;
mod node;
mod python;
mod rust;
mod swift;
mod table;

pub(crate) use files::{Arguments, check, run};
