//! The package of npm, and the one with its native half for this platform.

use super::{Profile, sbom};
use crate::{root, shell, test};
use anyhow::Result;
use std::path::Path;

const PACKER: &str = "node/tools/pack.mjs";
const ADDON: &str = "node/dist/swarmlet.node";

pub(super) fn make(profile: Profile, folder: &Path) -> Result<()> {
    test::node::build(profile.options())?;
    let mut pack = shell::command(&["node", PACKER]);
    pack.arg(root::path(ADDON)).arg("here").arg(folder);
    shell::run(&mut pack)?;
    sbom::write("swarmlet-node", &folder.join("swarmlet-node.cdx.json"))
}
