//! The package of npm, and the one with its native half for this platform.

use super::sbom;
use crate::cargo::Profile;
use crate::{shell, test};
use anyhow::Result;
use std::path::Path;

const PACKER: &str = "node/tools/pack.mjs";

pub(super) fn make(profile: Profile, folder: &Path) -> Result<()> {
    let addon = test::node::build(profile)?;
    let mut pack = shell::command(&["node", PACKER]);
    pack.arg(addon).arg("here").arg(folder);
    shell::run(&mut pack)?;
    sbom::write("swarmlet-node", &folder.join("swarmlet-node.cdx.json"))
}
