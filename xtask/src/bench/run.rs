//! Which benchmark is started, and with what.

use super::{languages, predecessor};
use crate::cargo::{self, Profile};
use crate::{root, shell};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::PathBuf;

const PROGRAMS: &str = "tests/bench/src/bin";
const IROH: &str = "tests/bench/iroh/Cargo.toml";

/// Which benchmark, and what it is told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The benchmark; without a name they are listed.
    name: Option<String>,
    /// Passed on to the benchmark; `--help` after the name says what it takes.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Runs the benchmark of that name.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let names = names()?;
    let Some(name) = &arguments.name else {
        println!("{}", names.join("\n"));
        return Ok(());
    };
    ensure!(
        names.contains(name),
        "no benchmark {name}; there are {}",
        names.join(", ")
    );
    let words = [
        "cargo",
        "run",
        "--quiet",
        "--release",
        "-p",
        "swarmlet-bench",
        "--bin",
        name,
    ];
    let mut command = shell::command(&words);
    if asks_for("zenoh", &arguments.rest) {
        command.args(["--features", "peers"]);
    }
    command.arg("--");
    if name == "bindings" {
        command.args(languages::words()?);
    }
    if name == "gateway" {
        command.arg("--swarmlet").arg(swarmlet()?);
    }
    let is_given = |word: &String| word == "--ax" || word.starts_with("--ax=");
    if asks_for("ax", &arguments.rest) && !arguments.rest.iter().any(is_given) {
        command.arg("--ax").arg(predecessor::installed()?);
    }
    if asks_for("iroh", &arguments.rest) {
        command.arg("--iroh-program").arg(iroh()?);
    }
    shell::run(command.args(&arguments.rest))
}

/// The command, as it is published.
fn swarmlet() -> Result<PathBuf> {
    let words = [
        "cargo",
        "build",
        "--quiet",
        "--release",
        "-p",
        "swarmlet-cli",
    ];
    shell::run(&mut shell::command(&words))?;
    Ok(cargo::built(Profile::Release).join("swarmlet"))
}

/// The program that measures iroh-blobs, which is outside the workspace.
fn iroh() -> Result<PathBuf> {
    let folder = cargo::target().join("bench-iroh");
    let mut build = shell::command(&["cargo", "build", "--release", "--manifest-path", IROH]);
    shell::run(build.arg("--target-dir").arg(&folder))?;
    Ok(folder.join("release/swarmlet-bench-iroh"))
}

/// Whether a peer is asked for whose client is only built when it is.
fn asks_for(name: &str, words: &[String]) -> bool {
    let mut is_list = false;
    words.iter().any(|word| {
        let list = word.strip_prefix("--peers=");
        let list = list.or(is_list.then_some(word.as_str()));
        is_list = word == "--peers";
        list.is_some_and(|list| list.split(',').any(|peer| peer == name))
    })
}

fn names() -> Result<Vec<String>> {
    let folder = fs::read_dir(root::path(PROGRAMS));
    let mut names = Vec::new();
    for entry in folder.with_context(|| format!("cannot read {PROGRAMS}"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.push(name.trim_end_matches(".rs").to_owned());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_benchmarks_are_the_programs_of_the_package() {
        assert!(names().unwrap().contains(&"store".to_owned()));
    }

    #[test]
    fn a_peer_is_built_when_it_is_asked_for() {
        let asks = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            asks_for("zenoh", &words)
        };
        assert!(asks("--seconds 2 --peers nats,zenoh"));
        assert!(asks("--peers=zenoh --nodes 10"));
        assert!(!asks("--peers nats,mosquitto --nodes 10"));
        assert!(!asks("--seconds 2"));
    }
}
