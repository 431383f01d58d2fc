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
/// What earlier runs found interesting.
const CORPUS: &str = "target/fuzz/corpus";
/// Committed inputs to start from, a folder for each target that has some.
const SEEDS: &str = "tests/fuzz/seeds";
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
    let host = host()?;
    names.iter().try_for_each(|name| run_target(name, &host))
}

fn run_target(name: &str, host: &str) -> Result<()> {
    let found = format!("{CORPUS}/{name}");
    fs::create_dir_all(root::path(&found)).with_context(|| format!("cannot create {found}"))?;
    let seconds = format!("-max_total_time={SECONDS}");
    let kept = format!("-artifact_prefix={TARGET}/{name}-");
    let seeds = format!("{SEEDS}/{name}");
    let mut words = vec![
        "cargo",
        "run",
        "--quiet",
        "--release",
        "--manifest-path",
        MANIFEST,
    ];
    // Naming the host keeps the instrumentation out of build scripts and macros.
    words.extend([
        "--target-dir",
        TARGET,
        "--target",
        host,
        "--bin",
        name,
        "--",
        &found,
    ]);
    words.extend(root::path(&seeds).is_dir().then_some(seeds.as_str()));
    words.extend([&seconds, &kept, "-verbosity=0", "-print_final_stats=1"]);
    words.extend(["-rss_limit_mb=1024", "-timeout=5"]);
    let mut command = shell::command(&words);
    shell::run(command.env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTATION.join("\x1f")))
}

/// The platform of the compiler, as it names it.
fn host() -> Result<String> {
    let output = shell::command(&["rustc", "-vV"])
        .output()
        .context("cannot start rustc")?;
    let text = String::from_utf8(output.stdout).context("rustc wrote something unreadable")?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .context("rustc does not name its host")
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
