//! Runs swarms of real engines over a simulated network and simulated disks, one for each seed.
//!
//! `cargo run -p swarmlet-sim --bin swarm -- --seeds 2000` is what CI does. A failure prints its
//! seed; `--seed N --trace` does that run again and prints every step.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its user"
)]

mod certified;
mod device;
mod evil;
mod found;
mod network;
mod seeds;
mod world;

use std::process::ExitCode;

use clap::Parser;

/// Runs swarms over a network that does everything bad a network may do.
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
    let Some(seed) = arguments.seed else {
        let failures = seeds::run_all(arguments.from, arguments.seeds, arguments.threads);
        return if failures == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    };
    let outcome = seeds::run_seed(seed, arguments.trace);
    match outcome.failure {
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
