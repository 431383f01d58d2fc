//! `cargo xtask kotlin`, `cargo xtask android`: what Maven needs from cargo, and the tests of it.
//!
//! Maven builds Kotlin, cargo builds Rust, and neither starts the other. In between lies the folder
//! `target/kotlin`: the library, the sources generated from this very library, and in `jni` the
//! libraries for Android.

mod android;
mod installed;
mod maven;
mod native;
mod pages;

pub(crate) use android::run as android;
pub(crate) use maven::{FETCH, MANIFEST, PROGRAMS, build_programs, resolve, test};
pub(crate) use native::{build, copy, generate, prepare};
