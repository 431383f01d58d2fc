//! Asks a real node random queries about random events, and compares each answer with that of a
//! naive scan which knows nothing of the query language's code.
//!
//! `cargo run -p swarmlet-oracle -- --cases 20000` is what CI does. A mismatch prints the query,
//! what was expected and what was found; `--seed N` makes that set of events and queries again.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its user"
)]

mod answer;
mod ask;
mod check;
mod expr;
mod follow;
mod found;
mod scan;
mod value;
mod world;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::check::Tally;

/// Compares the answers of a node with those of a naive scan.
#[derive(Parser)]
struct Arguments {
    /// How many queries to ask.
    #[arg(long, default_value_t = 2_000)]
    cases: u64,
    /// Only the events and queries of this seed.
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.seed {
        Some(seed) => check::run(seed),
        None => run_all(arguments.cases),
    };
    match outcome {
        Ok(tally) => {
            println!("{tally}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The seeds that showed something once, and then as many others as there are cases.
fn run_all(cases: u64) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut seeds = found::SEEDS.iter().copied().chain(0..);
    while tally.cases < cases
        && let Some(seed) = seeds.next()
    {
        tally.add(&check::run(seed)?);
    }
    Ok(tally)
}
