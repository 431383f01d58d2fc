//! Tests of the sync machine: nodes with real logs, frames handed over by hand.

mod bench;
mod blobs;
mod choices;
mod crowds;
mod forks;
mod gaps;
mod stories;
mod tallies;
