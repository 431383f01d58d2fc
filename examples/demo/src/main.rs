//! `cargo demo`: a shop floor of three devices in a swarm, for a first look at Swarmlet.
//!
//! The program starts itself three times. The office founds the swarm and invites, two lines join;
//! machines publish parts and temperatures, a dashboard and a line app subscribe. One line is cut
//! off for a while, goes on, and catches up; meanwhile the office stores a picture of the floor,
//! which the others fetch. It ends by itself and leaves folders that can be queried. Nothing here
//! is part of the library.

mod apps;
mod ask;
mod crew;
mod device;
mod figures;
mod floor;
mod latency;
mod machine;
mod picture;
mod present;
mod random;
mod relay;
mod screen;
mod talk;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use floor::Floor;

/// Two lines of machines and an office share a log and a picture: three processes, one of which is
/// cut off for a while; then ask the log.
#[derive(Debug, Parser)]
#[command(name = "cargo demo", bin_name = "cargo demo", version)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
struct Arguments {
    /// How long the machines work.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Where the folders of the devices are: made if they are not there, continued if they are
    /// [default: target/demo].
    #[arg(long)]
    folder: Option<PathBuf>,
    /// What the machines do is decided by this number alone.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Run nothing; print the events of the folder that match, as JSON, one on a line.
    #[arg(long, value_name = "AQL")]
    query: Option<String>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// The other processes.
#[derive(Debug, Subcommand)]
enum Part {
    /// Is a device, and does what it reads.
    #[command(hide = true)]
    Device(device::Start),
}

fn main() -> ExitCode {
    // The alias ends in `--`; those who type one more mean the same.
    let words = std::env::args_os().enumerate();
    let words = words.filter(|(index, word)| *index != 1 || word != "--");
    let arguments = Arguments::parse_from(words.map(|(_, word)| word));
    let name = match &arguments.part {
        Some(Part::Device(start)) => format!("error in {}", start.role.name()),
        None => "error".to_owned(),
    };
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&name, &error);
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(Part::Device(start)) = &arguments.part {
        return device::run(start).await;
    }
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
fn complain(name: &str, error: &anyhow::Error) {
    // Errors of Swarmlet name their source themselves.
    match error.downcast_ref::<swarmlet::Error>() {
        Some(error) => eprintln!("{name}: {error}\n{}", error.advice().text()),
        None => eprintln!("{name}: {error:#}"),
    }
}
