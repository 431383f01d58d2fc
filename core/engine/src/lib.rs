//! The pure heart of Swarmlet: what an event is, and the log that keeps it.
//!
//! Everything here is deterministic: no async, no clock, no thread, no socket, no entropy, and no
//! file except through [`storage::Disk`]. Time, keys and disks are passed in, which is why the same
//! code runs in production and, thousands of times a minute, under the simulator.
//!
//! Floors, from below: [`limits`] and [`error`]; [`event`] (bytes and values) beside [`storage`]
//! (the disk); [`segment`] (immutable files); [`log`] (the write-ahead log, recovery, reading).

#![forbid(unsafe_code)]

pub mod blobs;
pub mod error;
pub mod event;
pub mod limits;
pub mod log;
pub mod membership;
pub mod segment;
pub mod select;
pub mod storage;
pub mod sync;

pub use error::{Advice, Error, ErrorKind, Result};
