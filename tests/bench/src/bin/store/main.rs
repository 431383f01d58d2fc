//! `cargo xtask bench store`: Swarmlet's store beside a bare file, SQLite and redb.
//!
//! Rates are measured in rounds that alternate between the stores, so that a slow moment of the
//! machine meets all of them. What needs a peak of memory or a cold start of its own runs in a
//! child process of its own, which ends without closing its store, as a killed one would.

#![expect(
    clippy::print_stdout,
    reason = "a command line program talks to its user"
)]

mod child;
mod compare;
mod figures;
mod follow;
mod targets;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Measures stores of events beside each other.
#[derive(Parser)]
#[command(name = "cargo xtask bench store")]
struct Arguments {
    /// Events for the rows about disk, memory, start and queries.
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Seconds for each rate of each store.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Rounds that the seconds are divided into; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Only these stores.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Where the stores are made; the disk below it is what is measured.
    #[arg(long)]
    folder: Option<PathBuf>,
    #[command(subcommand)]
    child: Option<Child>,
}

#[derive(Subcommand)]
enum Child {
    /// One measurement in a process of its own.
    #[command(hide = true)]
    Child(child::Task),
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match &arguments.child {
        Some(Child::Child(task)) => child::run(task),
        None => compare::run(&arguments),
    }
}
