//! What cargo and rustc are told, and what they name: profiles, folders, libraries, the platform.

use crate::{root, shell};
use anyhow::{Context, Result};
use std::env;
use std::path::PathBuf;

/// The profile of cargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Profile {
    /// As tests build it: quick to make, to try the packages themselves.
    Dev,
    /// As it is published.
    Release,
}

impl Profile {
    /// What cargo is told.
    pub(crate) fn options(self) -> &'static [&'static str] {
        match self {
            Self::Dev => &[],
            Self::Release => &["--release"],
        }
    }

    /// What cargo calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    /// What the folder of it is called, with cargo as with SwiftPM.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// Where cargo leaves what it builds.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(given) => root::folder().join(given),
        None => root::path("target"),
    }
}

/// Where cargo leaves what it builds with a profile.
pub(crate) fn built(profile: Profile) -> PathBuf {
    target().join(profile.folder())
}

/// Builds the programs of the workspace, as its tests have built what they consist of. Built alone,
/// a package has dependencies with fewer features, so all below it would be compiled once more.
pub(crate) fn build_programs() -> Result<()> {
    let words = ["cargo", "build", "--quiet", "--workspace", "--bins"];
    shell::run(&mut shell::command(&words))
}

/// The file of a shared library on this platform.
pub(crate) fn library(name: &str) -> String {
    let (start, end) = (env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    format!("{start}{name}{end}")
}

/// The platform of the compiler, as it names it.
pub(crate) fn host() -> Result<String> {
    let output = shell::command(&["rustc", "-vV"])
        .output()
        .context("cannot start rustc")?;
    let text = String::from_utf8(output.stdout).context("rustc wrote something unreadable")?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .context("rustc does not name its host")
}
