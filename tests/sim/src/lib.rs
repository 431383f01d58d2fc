//! What the simulations share, and other tests use: running seeds, small disks, chance, traces,
//! and a second reader of the data folder.

#![forbid(unsafe_code)]

pub mod chain;
pub mod coverage;
pub mod disk;
pub mod random;
pub mod seeds;
pub mod trace;
