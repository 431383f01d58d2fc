//! `cargo xtask package`: what is published, made from the tree into `target/package`.
//!
//! A module per language, and one for the command, packs what the tests have built, or a release of
//! it.
//! Beside each archive lies a bill of materials, and one file has the sums of everything.

mod archive;
mod c;
mod command;
mod maven;
mod node;
mod python;
mod run;
mod sbom;
mod strip;
mod sums;
mod swift;

pub(crate) use command::COMPLETIONS;
pub(crate) use run::{Arguments, FOLDER, make_all, run};
pub(crate) use strip::copy_stripped;
