//! `cargo demo`: a shop floor on one node, with live numbers, for a first look at Swarmlet.
//!
//! Machines publish parts and temperatures, a dashboard and a line app subscribe. It ends by
//! itself and leaves a folder that can be queried. Nothing here is part of the library.

mod apps;
mod ask;
mod figures;
mod floor;
mod latency;
mod machine;
mod random;
mod screen;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use floor::Floor;

/// Machines publish, a dashboard and a line app subscribe, all on one node; then ask the log.
#[derive(Debug, Parser)]
#[command(name = "cargo demo", bin_name = "cargo demo", version)]
struct Arguments {
    /// How long the machines work.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// The data folder: made if it is not there, continued if it is [default: target/demo].
    #[arg(long)]
    folder: Option<PathBuf>,
    /// What the machines do is decided by this number alone.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Run nothing; print the events of the folder that match, as JSON, one on a line.
    #[arg(long, value_name = "AQL")]
    query: Option<String>,
}

fn main() -> ExitCode {
    // The alias ends in `--`; those who type one more mean the same.
    let words = std::env::args_os().enumerate();
    let words = words.filter(|(index, word)| *index != 1 || word != "--");
    let arguments = Arguments::parse_from(words.map(|(_, word)| word));
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let folder = arguments.folder.unwrap_or_else(default_folder);
    if let Some(aql) = &arguments.query {
        return ask::run(&folder, aql).await;
    }
    let floor = Floor {
        folder,
        seconds: arguments.seconds,
        seed: arguments.seed,
    };
    floor.run().await
}

/// `target/demo` of the repository, as short as it can be written from here.
fn default_folder() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = package.ancestors().nth(2).unwrap_or(package);
    let folder = repository.join("target").join("demo");
    let here = std::env::current_dir().unwrap_or_default();
    folder
        .strip_prefix(here)
        .map_or_else(|_| folder.clone(), Path::to_path_buf)
}

#[expect(
    clippy::print_stderr,
    reason = "a command line program talks to its user"
)]
fn complain(error: &anyhow::Error) {
    // Errors of Swarmlet name their source themselves.
    match error.downcast_ref::<swarmlet::Error>() {
        Some(error) => eprintln!("error: {error}\n{}", error.advice().text()),
        None => eprintln!("error: {error:#}"),
    }
}
