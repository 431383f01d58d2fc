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
mod exhaustive;
mod flip;
mod found;
mod met;
mod mix;
mod model;
mod query;
mod restart;
mod world;

use std::process::ExitCode;

use clap::Parser;
use swarmlet_sim::seeds::{self, Arguments};

use crate::world::World;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let failures = seeds::run::<World>(&arguments);
    if arguments.seed.is_none() {
        match exhaustive::run() {
            Ok(line) => println!("{line}"),
            Err(error) => {
                eprintln!("one bit in each page: {error:#}");
                return ExitCode::FAILURE;
            }
        }
    }
    match failures {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
