//! Programs of other people: found, and installed where that is possible.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// A program and the package of Debian that has it; both have the same name.
pub(crate) struct Program(&'static str);

impl Program {
    pub(crate) const NATS: Self = Self("nats-server");
    pub(crate) const MOSQUITTO: Self = Self("mosquitto");

    /// Makes sure that the program is there.
    pub(crate) fn prepare(&self) -> Result<()> {
        if self.path().is_some() {
            return Ok(());
        }
        let name = self.0;
        let can_install = is_root() && found("apt-get").is_some();
        ensure!(
            can_install,
            "{name} is not installed and cannot be by this user: apt-get install {name}"
        );
        let status = Command::new("apt-get")
            .args(["install", "--yes", "--no-install-recommends", name])
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(Stdio::null())
            .status()?;
        ensure!(
            status.success() && self.path().is_some(),
            "{name} cannot be installed: apt-get ended with {status}; apt-get update may help"
        );
        Ok(())
    }

    pub(crate) fn command(&self) -> Result<Command> {
        let path = self.path();
        let path = path.with_context(|| format!("{} is not installed", self.0))?;
        Ok(Command::new(path))
    }

    fn path(&self) -> Option<PathBuf> {
        found(self.0)
    }
}

/// Where the shell would find a program; servers are often where only the administrator looks.
fn found(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    folders.push("/usr/local/sbin".into());
    let mut files = folders.iter().map(|folder| folder.join(name));
    files.find(|file| file.is_file())
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}
