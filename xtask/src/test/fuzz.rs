//! The fuzz targets, each for a short while, with the stable compiler.
//!
//! The coverage instrumentation is a plain code generation option, so no nightly compiler and no
//! extra cargo command is needed. Instrumented code lives in a target folder of its own.

use crate::{cargo, root, shell};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread::{self, ScopedJoinHandle};

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

/// Runs every target, as many at once as there are cores; a crash is an error, its input is kept
/// below `target/fuzz`.
pub(crate) fn run() -> Result<()> {
    let manifest = fs::read_to_string(root::path(MANIFEST)).context("cannot read the manifest")?;
    let names = names(&manifest)?;
    ensure!(!names.is_empty(), "{MANIFEST} has no [[bin]]");
    let programs = build(&cargo::host()?)?;
    let waiting = Mutex::new(names.iter());
    let work = || {
        let next = || waiting.lock().expect("nobody panics with the lock").next();
        std::iter::from_fn(next).try_for_each(|name| run_target(name, &programs))
    };
    let cores = thread::available_parallelism().context("cannot count the cores")?;
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores.get()).map(|_| scope.spawn(work)).collect();
        let ends = workers.into_iter().map(ScopedJoinHandle::join);
        // All are waited for, so that none is still running when the step has failed.
        let ends: Vec<Result<()>> = ends
            .map(|end| end.expect("a worker does not panic"))
            .collect();
        ends.into_iter().collect()
    })
}

/// Builds all targets, and says in which folder they are.
fn build(host: &str) -> Result<PathBuf> {
    let cargo = ["cargo", "build", "--quiet", "--release", "--bins"];
    // Naming the host keeps the instrumentation out of build scripts and macros.
    let places = [
        "--manifest-path",
        MANIFEST,
        "--target-dir",
        TARGET,
        "--target",
        host,
    ];
    let mut command = shell::command(&[&cargo[..], &places].concat());
    shell::run(command.env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTATION.join("\x1f")))?;
    Ok(root::path(TARGET).join(host).join("release"))
}

/// Runs a target, and shows in one piece what it has to say.
fn run_target(name: &str, programs: &Path) -> Result<()> {
    let found = format!("{CORPUS}/{name}");
    fs::create_dir_all(root::path(&found)).with_context(|| format!("cannot create {found}"))?;
    let seconds = format!("-max_total_time={SECONDS}");
    let kept = format!("-artifact_prefix={TARGET}/{name}-");
    let seeds = format!("{SEEDS}/{name}");
    let program = programs.join(name);
    let program = program
        .to_str()
        .context("the path of the build is not UTF-8")?;
    let mut words = vec![program, &found];
    words.extend(root::path(&seeds).is_dir().then_some(seeds.as_str()));
    words.extend([&seconds, &kept, "-verbosity=0", "-print_final_stats=1"]);
    words.extend(["-rss_limit_mb=1024", "-timeout=5"]);
    let output = shell::command(&words)
        .output()
        .with_context(|| format!("cannot start the target {name}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "the target {name} ended with {}\n{said}",
        output.status
    );
    let executed = said.lines().find_map(|line| {
        let count = line.strip_prefix("stat::number_of_executed_units:")?;
        count.trim().parse::<u64>().ok()
    });
    let executed =
        executed.with_context(|| format!("the target {name} told no figures\n{said}"))?;
    ensure!(executed > 0, "the target {name} executed nothing");
    println!("{name:<10} {executed:>10} inputs without a crash");
    Ok(())
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
