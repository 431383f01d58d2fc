//! Kills a process that publishes, at a random moment, and looks for what it had acknowledged.
//!
//! A child process opens a node and publishes from several threads; whatever is acknowledged to
//! it, it reports through a pipe. The parent kills it (signal 9), opens the folder itself, and
//! checks that each reported event is there byte for byte, that calls are whole, that offsets have
//! no gap and that the chains of hashes and signatures hold. Then the next child goes on. With
//! `blobs` it kills processes that hand on large bytes, and looks whether these become whole.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its user"
)]

mod ack;
mod blobs;
mod chance;
mod check;
mod child;
#[cfg(unix)]
mod disks;
mod rounds;

use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Kills a publishing process again and again and looks for what it had acknowledged.
#[derive(Parser)]
struct Arguments {
    /// How often to kill.
    #[arg(long, default_value_t = 60)]
    rounds: u32,
    /// What chance begins with.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the data folders are made; the disk below it is what is tested.
    #[arg(long)]
    folder: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Publishes until it is killed.
    #[command(hide = true)]
    Child(child::Task),
    /// Kills processes that hand on blobs, and looks whether these become whole.
    Blobs(blobs::Plan),
    /// Stores blobs on disks that can clone files, and on one that is soon full.
    #[cfg(unix)]
    Disks(disks::Plan),
    /// Stores or fetches blobs until it is killed.
    #[command(hide = true)]
    BlobChild(blobs::Task),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.command {
        #[cfg(unix)]
        Some(Command::Disks(plan)) => disks::run(plan),
        Some(Command::Child(task)) => child::run(task).map(|()| ExitCode::SUCCESS),
        Some(Command::BlobChild(task)) => blobs::run_child(task).map(|()| ExitCode::SUCCESS),
        Some(Command::Blobs(plan)) => blobs::run(plan).map(summarized),
        None => rounds::run(
            arguments.rounds,
            arguments.seed,
            arguments.folder.as_deref(),
        )
        .map(summarized),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

fn summarized(summary: impl Display) -> ExitCode {
    println!("{summary}");
    ExitCode::SUCCESS
}
