//! What the fuzz targets share: files built around arbitrary bytes, and reading all of them back.
//!
//! Checksums and hashes would stop a fuzzer at the door, so files are repaired after they were
//! mutated: the decoders behind the checksums are what is tested. Nothing here is part of a
//! release. `cargo xtask test --only fuzz` runs the targets, each for a short while; the example
//! `seeds` writes their seeds again.

#![forbid(unsafe_code)]

pub mod cbor;
pub mod exchange_model;
pub mod inspect;
pub mod log_image;
pub mod read_back;
pub mod sample;
pub mod segment_image;
