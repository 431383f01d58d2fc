//! The archive for C and C++: what is installed, in a folder that can be moved anywhere.

use super::archive;
use super::strip::strip;
use crate::cargo::Profile;
use crate::test;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

pub(super) fn make(profile: Profile, folder: &Path) -> Result<()> {
    let inside = archive::inside("c", folder)?;
    test::c::install(profile, &inside)?;
    for library in ["libswarmlet.a", "libswarmlet.so"] {
        // What the names of the shared one point to, not the names.
        let library = fs::canonicalize(inside.join("lib").join(library));
        strip(&library.context("a library was not installed")?)?;
    }
    archive::pack("c", "swarmlet-c", &inside)
}
