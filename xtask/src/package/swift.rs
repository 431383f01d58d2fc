//! The archive for Swift: the package with the sources that belong to the library, and the library.
//!
//! It can be committed to a repository as it is. On Apple's machines the library is an XCFramework,
//! which `swift/make-xcframework.sh` makes, and which lies beside the manifest that names it.

use super::archive;
use super::strip::copy_stripped;
use crate::cargo::Profile;
use crate::{root, shell, swift};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::Path;

/// The library for Apple's platforms.
const XCFRAMEWORK: &str = "swift/SwarmletNativeFFI.xcframework";
/// What a repository of the package leaves out. That of the tree leaves out what is generated, too.
const IGNORED: &str = ".build/\n";

pub(super) fn make(profile: Profile, folder: &Path) -> Result<()> {
    let library = swift::prepare(profile)?;
    let inside = archive::inside("swift", folder)?;
    fs::create_dir_all(&inside).context("cannot make a folder")?;
    if cfg!(target_os = "macos") {
        let is_made = root::path(XCFRAMEWORK).is_dir();
        ensure!(
            is_made,
            "{XCFRAMEWORK} is missing: make-xcframework.sh makes it"
        );
        copy(XCFRAMEWORK, &inside)?;
    } else {
        let libraries = inside.join("lib");
        fs::create_dir(&libraries).context("cannot make a folder")?;
        let name = library.file_name().context("a library has a name")?;
        copy_stripped(&library, &libraries.join(name))?;
    }
    for part in ["swift/Package.swift", "swift/Sources"] {
        copy(part, &inside)?;
    }
    fs::write(inside.join(".gitignore"), IGNORED).context("cannot write what git ignores")?;
    archive::pack("swift", "swarmlet-uniffi", &inside)
}

/// A file or a folder, with the links in it.
fn copy(part: &str, inside: &Path) -> Result<()> {
    shell::run(shell::command(&["cp", "-R", part]).arg(inside))
}
