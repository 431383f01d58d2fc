//! Running many seeds on a few threads, and reporting: the same for every simulation.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its user"
)]

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use anyhow::Result;
use clap::Parser;

use crate::coverage::Coverage;
use crate::trace::Trace;

/// What a simulation is told on the command line.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 200)]
    pub seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    pub from: u64,
    /// Only this seed.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Print every step of the one seed.
    #[arg(long, requires = "seed")]
    pub trace: bool,
    /// Threads to run seeds on.
    #[arg(long, default_value_t = 2)]
    pub threads: u64,
}

/// A run that follows from a seed.
pub trait World: Sized {
    /// What it can meet.
    type Met: Copy + Ord + Debug + Send + 'static;
    /// All of that.
    const MET: &'static [Self::Met];
    /// Seeds that once failed, each with what was wrong. They are run first.
    const FOUND: &'static [(u64, &'static str)];
    /// How this simulation is started, to run one seed again.
    const COMMAND: &'static str;

    /// The run of `seed`, not begun.
    fn new(seed: u64, is_traced: bool) -> Self;

    /// The whole run; an error is a defect.
    fn run(&mut self) -> Result<()>;

    /// What it did.
    fn trace(&self) -> &Trace;

    /// What it met.
    fn coverage(&self) -> &Coverage<Self::Met>;

    /// How many events were published.
    fn events(&self) -> u64;
}

/// Runs what the arguments say; prints, and returns how many seeds failed.
pub fn run<W: World>(arguments: &Arguments) -> usize {
    let Some(seed) = arguments.seed else {
        return run_all::<W>(arguments.from, arguments.seeds, arguments.threads);
    };
    let outcome = run_seed::<W>(seed, arguments.trace);
    match &outcome.failure {
        None => println!("seed {seed} holds, trace {}", outcome.hash),
        Some(failure) => eprintln!("SEED={seed} fails: {failure}"),
    }
    usize::from(outcome.failure.is_some())
}

/// How one seed went.
struct Outcome<M> {
    failure: Option<String>,
    hash: String,
    coverage: Coverage<M>,
    events: u64,
}

fn run_seed<W: World>(seed: u64, is_traced: bool) -> Outcome<W::Met> {
    let mut world = W::new(seed, is_traced);
    let failure = match catch_unwind(AssertUnwindSafe(|| world.run())) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("{error:#}")),
        Err(_) => Some("panic, see above".to_owned()),
    };
    Outcome {
        failure,
        hash: world.trace().hash().to_hex().to_string(),
        events: world.events(),
        coverage: world.coverage().clone(),
    }
}

/// Runs the seeds that once failed, then `count` seeds from `first` on.
fn run_all<W: World>(first: u64, count: u64, threads: u64) -> usize {
    let total = Mutex::new(Total::default());
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| work::<W>(first, count, &next, &total));
        }
    });
    let total = total
        .into_inner()
        .expect("a thread that fails has ended the program");
    report::<W>(&total, count)
}

struct Total<M> {
    coverage: Coverage<M>,
    events: u64,
    failures: usize,
}

impl<M> Default for Total<M> {
    fn default() -> Self {
        Self {
            coverage: Coverage::default(),
            events: 0,
            failures: 0,
        }
    }
}

fn work<W: World>(first: u64, count: u64, next: &AtomicU64, total: &Mutex<Total<W::Met>>) {
    loop {
        let index = next.fetch_add(1, Relaxed);
        let found = W::FOUND.len() as u64;
        if index >= found + count {
            return;
        }
        let is_found = index < found;
        let seed = match is_found {
            true => W::FOUND[index as usize].0,
            false => first + index - found,
        };
        let mut outcome = run_seed::<W>(seed, false);
        if index.is_multiple_of(REPEAT_EVERY) && outcome.failure.is_none() {
            let again = run_seed::<W>(seed, false).hash;
            if again != outcome.hash {
                outcome.failure = Some("the same seed had another trace".to_owned());
            }
        }
        let mut total = total
            .lock()
            .expect("a thread that fails has ended the program");
        total.events += outcome.events;
        if !is_found {
            total.coverage.add(&outcome.coverage);
        }
        if let Some(failure) = outcome.failure {
            total.failures += 1;
            eprintln!("SEED={seed} fails: {failure}");
            eprintln!("  again: {} --seed {seed} --trace", W::COMMAND);
        }
    }
}

fn report<W: World>(total: &Total<W::Met>, count: u64) -> usize {
    println!(
        "{count} seeds and {} that once failed, {} events, {} failures",
        W::FOUND.len(),
        total.events,
        total.failures
    );
    let mut failures = total.failures;
    for met in W::MET {
        let percent = total.coverage.share(*met, count);
        let is_rare = percent < PERCENT_MIN && count >= COVERAGE_SEEDS_MIN;
        failures += usize::from(is_rare);
        let note = if is_rare { "  too rare" } else { "" };
        println!("  {percent:5.1} %  {met:?}{note}");
    }
    failures
}

/// Every so many seeds are run twice and must leave the same trace.
const REPEAT_EVERY: u64 = 50;

/// Share of seeds, in percent, that must meet each thing.
const PERCENT_MIN: f64 = 5.0;

/// With fewer seeds shares mean little.
const COVERAGE_SEEDS_MIN: u64 = 500;
