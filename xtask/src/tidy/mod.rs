//! `cargo xtask tidy`: the rules of docs/STYLE.md that a program can check.
//!
//! Each rule is a pure function from one source file to findings, with tests that show it failing.
//! Only `run` reads the tree. Rules that rustc or clippy know are theirs, not repeated here.

mod declarations;
mod documents;
mod layers;
mod lines;
mod manifests;
mod names;
mod paths;
mod places;
mod purity;
mod run;
mod shape;
mod source;
mod versions;

pub(crate) use run::run;
