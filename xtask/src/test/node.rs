//! The npm package: the addon is built and the front compiled, then tests run, and types are
//! checked from outside. The step `package` packs it and installs it in an empty folder.

use crate::cargo::{self, Profile};
use crate::{root, shell};
use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The manifest of the package.
pub(crate) const MANIFEST: &str = "node/package.json";
/// The compiler of TypeScript.
pub(crate) const COMPILER: &str = "node/tools/node_modules/typescript/bin/tsc";

/// Builds both halves, runs the tests and the examples, checks the types.
pub(crate) fn run() -> Result<()> {
    build(Profile::Dev)?;
    shell::run(&mut shell::command(&["node", COMPILER, "-p", "node/test"]))?;
    let tests = ["node", "--test", "--test-reporter=dot", "--expose-gc"];
    let files = root::files("node/test", ".test.mjs")?;
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    shell::run(&mut shell::command(&[&tests[..], &files].concat()))
}

/// Builds the addon, compiles the front, and puts both together. Says where the addon is.
pub(crate) fn build(profile: Profile) -> Result<PathBuf> {
    let words = ["cargo", "build", "--quiet", "--package", "swarmlet-node"];
    shell::run(&mut shell::command(
        &[&words[..], profile.options()].concat(),
    ))?;
    let front = root::path("node/dist");
    if front.exists() {
        fs::remove_dir_all(&front).context("cannot empty node/dist")?;
    }
    shell::run(&mut shell::command(&["node", COMPILER, "-p", "node"]))?;
    let addon = cargo::built(profile).join(cargo::library("swarmlet_node"));
    let put = front.join("swarmlet.node");
    fs::copy(&addon, &put).with_context(|| format!("cannot copy {}", addon.display()))?;
    Ok(put)
}

/// Puts a program into a folder in which the package is installed, and says where it is there.
pub(crate) fn installed(program: &str) -> Result<String> {
    let project = root::path("target/node");
    let modules = project.join("node_modules");
    fs::create_dir_all(&modules).context("cannot make target/node")?;
    let package = modules.join("swarmlet");
    if !package.exists() {
        symlink(root::path("node"), &package).context("cannot install the package")?;
    }
    let name = Path::new(program)
        .file_name()
        .context("a program has a name")?;
    let put = project.join(name);
    fs::copy(root::path(program), &put).with_context(|| format!("cannot copy {program}"))?;
    Ok(put.display().to_string())
}
