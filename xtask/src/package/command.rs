//! The archive of the command: the program, the unit of a service, and what shells complete words
//! with, in folders as they are below `/usr/local`.

use super::archive;
use super::strip::copy_stripped;
use crate::cargo::{self, Profile};
use crate::{root, shell};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// The unit with which systemd runs a node.
const UNIT: &str = "cli/systemd/swarmlet.service";

/// Shells, and where each looks for what completes the words of `swarmlet`.
pub(crate) const COMPLETIONS: &[(&str, &str)] = &[
    ("bash", "share/bash-completion/completions/swarmlet"),
    ("zsh", "share/zsh/site-functions/_swarmlet"),
    ("fish", "share/fish/vendor_completions.d/swarmlet.fish"),
];

pub(super) fn make(profile: Profile, folder: &Path) -> Result<()> {
    let built = build(profile)?;
    let inside = archive::inside("command", folder)?;
    let name = built.file_name().context("a program has a name")?;
    copy_stripped(&built, &place(&inside, "bin")?.join(name))?;
    let unit = place(&inside, "lib/systemd/system")?.join("swarmlet.service");
    fs::copy(root::path(UNIT), unit).with_context(|| format!("cannot copy {UNIT}"))?;
    for (shell, path) in COMPLETIONS {
        let mut program = shell::program(&built);
        let output = program.args(["completions", shell]).output();
        let output = output.context("cannot start what was built")?;
        ensure!(output.status.success(), "no completions for {shell}");
        let path = inside.join(path);
        place(&inside, path.parent().context("a file lies in a folder")?)?;
        fs::write(&path, output.stdout)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    archive::pack("command", "swarmlet-cli", &inside)
}

/// Builds the program. As it is published, it needs nothing of the system that it runs on, where
/// the compiler can do that.
fn build(profile: Profile) -> Result<PathBuf> {
    match profile {
        Profile::Dev => cargo::build_programs()?,
        Profile::Release => {
            let mut words = vec!["cargo", "rustc", "-p", "swarmlet-cli", "--bin", "swarmlet"];
            words.extend(profile.options());
            if cfg!(target_os = "linux") {
                words.extend(["--", "-C", "target-feature=+crt-static"]);
            }
            shell::run(&mut shell::command(&words))?;
        }
    }
    let name = format!("swarmlet{}", std::env::consts::EXE_SUFFIX);
    Ok(cargo::built(profile).join(name))
}

/// A folder in the archive, which is made.
fn place(inside: &Path, path: impl AsRef<Path>) -> Result<PathBuf> {
    let place = inside.join(path);
    fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
    Ok(place)
}
