//! Reads the tree, applies every rule, prints what it finds.

use super::source::{Finding, Source};
use super::{
    declarations, documents, layers, lines, manifests, names, places, purity, shape, versions,
};
use crate::root;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::process::Command;

/// The rules that look at one file. Each decides by itself which files it is for.
const RULES: &[fn(&Source) -> Vec<Finding>] = &[
    declarations::check,
    layers::check,
    lines::check,
    manifests::check,
    names::check,
    places::check,
    purity::check,
    shape::check,
    versions::check,
];

/// Fails if any rule is broken anywhere in the tree.
pub(crate) fn run() -> Result<()> {
    let paths = files()?;
    let mut findings = documents::check(&paths);
    for path in &paths {
        findings.extend(inspect(path)?);
    }
    for finding in &findings {
        println!("{finding}");
    }
    ensure!(
        findings.is_empty(),
        "{} findings, see docs/STYLE.md",
        findings.len()
    );
    println!("{} files are tidy", paths.len());
    Ok(())
}

fn inspect(path: &str) -> Result<Vec<Finding>> {
    let bytes = fs::read(root::path(path)).with_context(|| format!("cannot read {path}"))?;
    let Ok(text) = String::from_utf8(bytes) else {
        return Ok(Vec::new());
    };
    match Source::new(path, &text) {
        Ok(source) => Ok(RULES.iter().flat_map(|rule| rule(&source)).collect()),
        Err(finding) => Ok(vec![finding]),
    }
}

/// Tracked files and new ones that are not ignored, as they are in the work tree.
fn files() -> Result<Vec<String>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ])
        .current_dir(root::folder())
        .output()
        .context("cannot start git")?;
    ensure!(output.status.success(), "git ls-files failed");
    let listing = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    let paths = listing
        .split('\0')
        .filter(|path| root::path(path).is_file());
    Ok(paths.map(str::to_owned).collect())
}
