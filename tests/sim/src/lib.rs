//! What other tests use of the simulation: a second reader of the data folder, and small disks.

#![forbid(unsafe_code)]

pub mod chain;
pub mod disk;
pub mod random;
