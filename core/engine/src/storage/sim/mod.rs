//! A simulated disk that does, on demand and from one seed, everything bad a disk may do.
//!
//! It models what lies between a write and the medium: the page cache that a kill leaves intact
//! and a power failure does not, sectors that reach the medium in any order, names that lag
//! behind content, a failed sync that loses pages and then reports success, a disk that fills up.
//! What it lets happen is everything the contract of [`Disk`](super::Disk) allows and nothing
//! else; code that passes here under many seeds relies on nothing it was not promised.
//!
//! Same seed and same calls, same outcome: it has no clock, no entropy and no file. It is meant
//! for tests and keeps everything in memory. Sits below [`Disk`](super::Disk), beside `fs`.

mod content;
mod disk;
mod faults;
mod machine;
mod names;
mod outside;
mod random;
#[cfg(test)]
mod tests;

pub use disk::SimDisk;
pub use faults::{Fault, FaultPlan};
pub use machine::Counters;
