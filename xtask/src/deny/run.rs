//! Asking cargo, and telling.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::advisories;
use super::graph::Graph;
use super::policy::Policy;

/// Checks everything that is built on this machine; what is behind a feature is never shipped.
pub(crate) fn run() -> Result<()> {
    let policy = fs::read_to_string(POLICY).with_context(|| format!("cannot read {POLICY}"))?;
    let policy = Policy::parse(&policy)?;
    let asked = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(["--filter-platform", &host()?])
        .output()
        .context("cannot start cargo")?;
    let complaint = String::from_utf8_lossy(&asked.stderr);
    ensure!(asked.status.success(), "cargo metadata failed: {complaint}");
    let graph = Graph::parse(&String::from_utf8(asked.stdout)?)?;
    let mut findings = graph.check(&policy);
    findings.extend(advisories::check(&graph.built(), &policy.ignored)?);
    for finding in &findings {
        println!("{finding}");
    }
    ensure!(
        findings.is_empty(),
        "{} findings, see {POLICY}",
        findings.len()
    );
    Ok(())
}

/// The platform that rustc builds for.
fn host() -> Result<String> {
    let told = Command::new("rustc").arg("-vV").output();
    let told = String::from_utf8(told.context("cannot start rustc")?.stdout)?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .context("rustc does not say its host")
}

const POLICY: &str = ".cargo/deny.toml";
