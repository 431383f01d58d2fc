//! The stores under comparison, each behind the same small trait.
//!
//! To add one: a file with an implementation, and an entry in `contract::STORES`.

mod bare;
mod contract;
mod group;
mod redb;
mod sqlite;
mod swarmlet;
#[cfg(test)]
mod tests;

pub use contract::{Candidate, Hit, STORES, Store, candidate};
pub use swarmlet::encode;
