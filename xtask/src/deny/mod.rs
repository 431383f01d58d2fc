//! `cargo xtask deny`: whether what we depend on is what we want to depend on.
//!
//! Reads the policy of cargo-deny, `.cargo/deny.toml`, and checks of it what needs no network:
//! licences, crates that are refused, and where crates come from. Advisories are for cargo-deny
//! itself, which fetches them.

mod graph;
mod policy;
mod run;

pub(crate) use run::run;
