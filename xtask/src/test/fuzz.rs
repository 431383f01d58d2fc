//! The fuzz targets, each for a short while, with the stable compiler.
//!
//! The coverage instrumentation is a plain code generation option, so no nightly compiler and no
//! extra cargo command is needed. Instrumented code lives in a target folder of its own.

use crate::{root, shell};
use anyhow::{Context, Result, ensure};
use std::fs;

/// The package of the targets: one program each, outside the workspace.
pub(crate) const MANIFEST: &str = "tests/fuzz/Cargo.toml";
const TARGET: &str = "target/fuzz";
const CORPUS: &str = "target/fuzz/corpus";
const SECONDS: u32 = 20;

/// What makes the compiler count edges and trace comparisons for libFuzzer.
const INSTRUMENTATION: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "-Cdebug-assertions",
    "--cfg=fuzzing",
];

/// Runs every target; the first crash is an error, its input is kept below `target/fuzz`.
pub(crate) fn run() -> Result<()> {
    let manifest = fs::read_to_string(root::path(MANIFEST)).context("cannot read the manifest")?;
    let names = names(&manifest)?;
    ensure!(!names.is_empty(), "{MANIFEST} has no [[bin]]");
    names.iter().try_for_each(|name| run_target(name))
}

fn run_target(name: &str) -> Result<()> {
    let corpus = format!("{CORPUS}/{name}");
    fs::create_dir_all(root::path(&corpus)).with_context(|| format!("cannot create {corpus}"))?;
    let seconds = format!("-max_total_time={SECONDS}");
    let kept = format!("-artifact_prefix={TARGET}/{name}-");
    let mut words = vec![
        "cargo",
        "run",
        "--quiet",
        "--release",
        "--manifest-path",
        MANIFEST,
    ];
    words.extend([
        "--target-dir",
        TARGET,
        "--bin",
        name,
        "--",
        &corpus,
        &seconds,
        &kept,
    ]);
    words.extend([
        "-print_final_stats=1",
        "-verbosity=0",
        "-rss_limit_mb=1024",
        "-timeout=5",
    ]);
    let mut command = shell::command(&words);
    shell::run(command.env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTATION.join("\x1f")))
}

fn names(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse().context("the manifest does not parse")?;
    let programs = manifest.get("bin").and_then(toml::Value::as_array);
    let names = programs
        .into_iter()
        .flatten()
        .filter_map(|program| program.get("name")?.as_str());
    Ok(names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_the_programs_of_the_package() {
        let manifest = "[package]\nname='f'\n[[bin]]\nname='batch'\n[[bin]]\nname='segment'\n";
        assert_eq!(names(manifest).unwrap(), ["batch", "segment"]);
        assert!(names("[package]\nname='f'\n").unwrap().is_empty());
    }
}
