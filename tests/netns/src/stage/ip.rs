//! The program `ip`, which makes and changes namespaces, links and bridges.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Runs `ip` with the words of a line; what it prints.
pub(super) fn ip(line: &str) -> Result<String> {
    let output = Command::new("ip")
        .args(line.split_whitespace())
        .stdin(Stdio::null())
        .output()
        .context("the program `ip` cannot be started")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`ip {line}` failed: {}", said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
