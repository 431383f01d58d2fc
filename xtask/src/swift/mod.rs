//! `cargo xtask swift`, and the step `swift` of the tests: what SwiftPM needs from cargo.
//!
//! SwiftPM builds Swift, cargo builds Rust, and neither starts the other. In between lie the
//! sources that were generated from the library, inside of the package, and `target/swift` with the
//! library. Linux machines seldom have a compiler of Swift: `debian` brings one.

mod debian;
mod package;
#[cfg(test)]
mod place;

pub(crate) use package::{MANIFEST, PROGRAMS, build_programs, prepare, run_installed, test};
