//! What the simulations share, and other tests use: small disks, chance, traces, and a second
//! reader of the data folder.

#![forbid(unsafe_code)]

pub mod chain;
pub mod disk;
pub mod random;
pub mod trace;
