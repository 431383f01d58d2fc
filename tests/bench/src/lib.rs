//! What the benchmark programs share: the events, the stores under comparison, the report.
//!
//! A program below `src/bin` measures one subject beside its peers, in the same run and on the same
//! events, prints a table and writes one object a row. Nothing here is published or linked into
//! what is; figures are read as ratios, since the machine is never the same twice.

#![forbid(unsafe_code)]

pub mod cpu;
pub mod event;
pub mod memory;
pub mod quantile;
pub mod rate;
pub mod report;
pub mod server;
pub mod store;
