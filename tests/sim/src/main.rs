//! Runs the log on a simulated disk, one run for each seed, and compares it with a model.
//!
//! `cargo run -p swarmlet-sim -- --seeds 2000` is what CI does. A failure prints its seed;
//! `--seed N --trace` does that run again and prints every step.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its user"
)]

mod actions;
mod coverage;
mod exhaustive;
mod flip;
mod found;
mod mix;
mod model;
mod query;
mod restart;
mod seeds;
mod world;

use std::process::ExitCode;

use clap::Parser;

use crate::seeds::Outcome;

/// Runs the log on a simulated disk that does everything bad a disk may do.
#[derive(Parser)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Print every step of the one seed.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Threads to run seeds on.
    #[arg(long, default_value_t = 2)]
    threads: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(seed) = arguments.seed {
        return report_one(seed, &seeds::run_seed(seed, arguments.trace));
    }
    let failures = seeds::run_all(arguments.from, arguments.seeds, arguments.threads);
    let exhaustive = exhaustive::run();
    match (failures, exhaustive) {
        (0, Ok(line)) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        (_, Err(error)) => {
            eprintln!("one bit in each page: {error:#}");
            ExitCode::FAILURE
        }
        _ => ExitCode::FAILURE,
    }
}

fn report_one(seed: u64, outcome: &Outcome) -> ExitCode {
    match &outcome.failure {
        None => {
            println!("seed {seed} holds, trace {}", outcome.hash);
            ExitCode::SUCCESS
        }
        Some(failure) => {
            eprintln!("SEED={seed} fails: {failure}");
            ExitCode::FAILURE
        }
    }
}
