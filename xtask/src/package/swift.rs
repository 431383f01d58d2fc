//! The archive for Swift: the package with the sources that belong to the library, and the library.
//!
//! On Apple's machines the library is an XCFramework, which `swift/make-xcframework.sh` makes.

use super::archive;
use super::strip::copy_stripped;
use crate::cargo::Profile;
use crate::{shell, swift};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

pub(super) fn make(profile: Profile, folder: &Path) -> Result<()> {
    let library = swift::prepare(profile)?;
    let inside = archive::inside("swift", folder)?;
    let libraries = inside.join("lib");
    fs::create_dir_all(&libraries).context("cannot make a folder")?;
    let name = library.file_name().context("a library has a name")?;
    copy_stripped(&library, &libraries.join(name))?;
    for part in ["swift/Package.swift", "swift/Sources"] {
        let mut copy = shell::command(&["cp", "-r", part]);
        shell::run(copy.arg(&inside))?;
    }
    archive::pack("swift", "swarmlet-uniffi", &inside)
}
