//! Which files are generated, and how they get to the disk.

use super::{c, kotlin, node, python, rust, swift, table};
use crate::root;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::process::{Command, Stdio};

/// What `cargo xtask gen` can be asked for.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail if a generated file is not current.
    #[arg(long)]
    check: bool,
}

/// A generated file: its path and the content it should have.
struct Generated {
    path: &'static str,
    text: String,
}

/// Fails if a generated file is not current.
pub(crate) fn check() -> Result<()> {
    run(&Arguments { check: true })
}

/// Writes the generated files that differ, or with `check` fails on them.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut stale = settle(generated()?, arguments)?;
    // Made from sources of which some are generated themselves.
    stale.extend(settle(derived()?, arguments)?);
    ensure!(
        stale.is_empty() || !arguments.check,
        "not current: {}; run `cargo xtask gen`",
        stale.join(", ")
    );
    if arguments.check {
        println!("generated files are current");
    }
    Ok(())
}

/// Names the files that differ, and writes them unless they are only to be checked.
fn settle(files: Vec<Generated>, arguments: &Arguments) -> Result<Vec<&'static str>> {
    let mut stale = Vec::new();
    for file in files {
        if is_current(&file)? {
            continue;
        }
        if !arguments.check {
            fs::write(root::path(file.path), file.text)
                .with_context(|| format!("cannot write {}", file.path))?;
            println!("wrote {}", file.path);
        }
        stale.push(file.path);
    }
    Ok(stale)
}

fn generated() -> Result<Vec<Generated>> {
    let text = fs::read_to_string(root::path(table::PATH))
        .with_context(|| format!("cannot read {}", table::PATH))?;
    let table = table::Table::parse(&text)?;
    let mut files = vec![Generated {
        path: rust::PATH,
        text: formatted(&rust::render(&table))?,
    }];
    if root::path(python::FOLDER).is_dir() {
        files.push(Generated {
            path: python::PATH,
            text: python::render(&table),
        });
    }
    if root::path(node::FOLDER).is_dir() {
        files.push(Generated {
            path: node::PATH,
            text: node::render(&table),
        });
    }
    if root::path(c::CRATE).is_dir() {
        files.push(Generated {
            path: c::STATUS_PATH,
            text: formatted(&c::render(&table))?,
        });
    }
    if root::path(kotlin::FOLDER).is_dir() {
        files.push(Generated {
            path: kotlin::PATH,
            text: kotlin::render(&table),
        });
    }
    if root::path(swift::FOLDER).is_dir() {
        files.push(Generated {
            path: swift::PATH,
            text: swift::render(&table),
        });
    }
    Ok(files)
}

fn derived() -> Result<Vec<Generated>> {
    if !root::path(c::CRATE).is_dir() {
        return Ok(Vec::new());
    }
    let header = Generated {
        path: c::HEADER_PATH,
        text: c::header()?,
    };
    Ok(vec![header])
}

fn is_current(file: &Generated) -> Result<bool> {
    match fs::read_to_string(root::path(file.path)) {
        Ok(text) => Ok(text == file.text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.path)),
    }
}

/// The source as rustfmt would write it, so that the format check holds for generated files too.
fn formatted(source: &str) -> Result<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root::folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start rustfmt; run `cargo xtask setup`")?;
    let mut input = rustfmt.stdin.take().context("rustfmt has no input")?;
    input.write_all(source.as_bytes())?;
    drop(input);
    let output = rustfmt.wait_with_output()?;
    if !output.status.success() {
        bail!("rustfmt refused the generated source");
    }
    String::from_utf8(output.stdout).context("rustfmt wrote something that is not text")
}
