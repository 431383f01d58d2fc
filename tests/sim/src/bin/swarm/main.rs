//! Runs swarms of real engines over a simulated network and simulated disks, one for each seed.
//!
//! `cargo run -p swarmlet-sim --bin swarm -- --seeds 2000` is what CI does. A failure prints its
//! seed; `--seed N --trace` does that run again and prints every step.

#![forbid(unsafe_code)]

mod blobs;
mod certified;
mod copying;
mod device;
mod evil;
mod found;
mod met;
mod network;
mod retaining;
mod world;

use std::process::ExitCode;

use clap::Parser;
use swarmlet_sim::seeds::{self, Arguments};

use crate::world::World;

fn main() -> ExitCode {
    match seeds::run::<World>(&Arguments::parse()) {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
