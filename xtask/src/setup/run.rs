//! The order of things, and the stamp that makes the next time quick.

use super::{machine, maven, node, python};
use crate::root;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// The source of the list of programs: when it changes, the machine is looked at again.
const PROGRAMS: &str = include_str!("machine.rs");
const STAMPS: &str = "target/setup";

/// Installs what is missing, unless the stamp says that nothing is.
pub(crate) fn run() -> Result<()> {
    let stamp = stamp()?;
    if stamp.is_file() && python::is_there() && node::is_there() {
        println!("setup: done before");
        return Ok(());
    }
    machine::prepare()?;
    python::prepare()?;
    node::prepare()?;
    maven::prepare()?;
    let folder = root::path(STAMPS);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {STAMPS}"))?;
    fs::write(&stamp, "").with_context(|| format!("cannot write to {STAMPS}"))?;
    println!("setup: done");
    Ok(())
}

/// The file that says that this very content was set up.
fn stamp() -> Result<PathBuf> {
    let [pip, npm, maven] = [
        python::requirements()?,
        node::requirements()?,
        maven::requirements()?,
    ];
    Ok(stamp_in(
        &root::path(STAMPS),
        &[PROGRAMS, &pip, &npm, &maven],
    ))
}

fn stamp_in(folder: &Path, contents: &[&str]) -> PathBuf {
    let mut hasher = blake3::Hasher::new();
    for content in contents {
        hasher.update(blake3::hash(content.as_bytes()).as_bytes());
    }
    folder.join(&hasher.finalize().to_hex()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_content_has_another_stamp() {
        let stamp = |text: &str| stamp_in(Path::new("a"), &[text]);
        assert_eq!(stamp("pytest==1"), stamp("pytest==1"));
        assert_ne!(stamp("pytest==1"), stamp("pytest==2"));
    }
}
