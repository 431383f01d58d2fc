//! `cargo xtask deny`: whether what we depend on is what we want to depend on.
//!
//! Reads the policy of cargo-deny, `.cargo/deny.toml`, and checks licences, crates that are
//! refused, where crates come from, and, where their database can be reached, advisories.

mod advisories;
mod graph;
mod policy;
mod run;

pub(crate) use run::run;
