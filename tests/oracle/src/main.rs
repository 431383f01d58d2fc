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
mod select;
mod value;
mod world;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

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
    let found = found::SEEDS.len() as u64;
    let count = found + cases.div_ceil(check::CASES);
    let next = AtomicU64::new(0);
    let total = Mutex::new(Ok(Tally::default()));
    let work = || {
        while let index = next.fetch_add(1, Relaxed)
            && index < count
        {
            let known = found::SEEDS.get(index as usize);
            let outcome = check::run(known.copied().unwrap_or(index.wrapping_sub(found)));
            if outcome.is_err() {
                next.store(count, Relaxed);
            }
            add(
                &mut total.lock().expect("no thread fails in between"),
                outcome,
            );
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(work);
        }
    });
    total.into_inner().expect("no thread fails in between")
}

/// Adds what was compared; the first failure stays.
fn add(total: &mut Result<Tally>, outcome: Result<Tally>) {
    match (&mut *total, outcome) {
        (Ok(tally), Ok(more)) => tally.add(&more),
        (Ok(_), Err(error)) => *total = Err(error),
        (Err(_), _) => {}
    }
}

/// Nodes have threads of their own besides.
const THREADS: usize = 2;
