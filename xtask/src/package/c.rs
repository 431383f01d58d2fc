//! The archive for C and C++: what is installed, in a folder that can be moved anywhere.

use super::strip::strip;
use super::{Profile, archive, sbom};
use crate::{root, test};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

pub(super) fn make(profile: Profile, folder: &Path) -> Result<()> {
    let inside = folder.join(archive::name("c")?);
    test::c::install(profile, &inside)?;
    for library in ["libswarmlet.a", "libswarmlet.so"] {
        // What the names of the shared one point to, not the names.
        let library = fs::canonicalize(inside.join("lib").join(library));
        strip(&library.context("a library was not installed")?)?;
    }
    fs::copy(root::path("LICENSE"), inside.join("LICENSE")).context("cannot copy the licence")?;
    fs::copy(root::path("docs/guide/c.md"), inside.join("README.md"))
        .context("cannot copy the guide")?;
    sbom::write("swarmlet-c", &inside.join("swarmlet-c.cdx.json"))?;
    fs::copy(
        inside.join("swarmlet-c.cdx.json"),
        folder.join("swarmlet-c.cdx.json"),
    )?;
    archive::pack(&inside)
}
