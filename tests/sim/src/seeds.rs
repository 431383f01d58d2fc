//! Running many seeds on a few threads, and reporting.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::coverage::{Coverage, PERCENT_MIN};
use crate::found::FOUND;
use crate::world::World;

/// How one seed went.
pub(crate) struct Outcome {
    pub(crate) failure: Option<String>,
    pub(crate) hash: String,
    pub(crate) coverage: Coverage,
    pub(crate) events: u64,
}

/// Does the run of one seed.
pub(crate) fn run_seed(seed: u64, is_traced: bool) -> Outcome {
    let mut world = World::new(seed, is_traced);
    let failure = match catch_unwind(AssertUnwindSafe(|| world.run())) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("{error:#}")),
        Err(_) => Some("panic, see above".to_owned()),
    };
    Outcome {
        failure,
        hash: world.trace.hash().to_hex().to_string(),
        events: world.model.len() as u64,
        coverage: std::mem::take(&mut world.coverage),
    }
}

/// Runs the seeds that once failed, then `count` seeds from `first` on; prints, and returns how
/// many failed.
pub(crate) fn run_all(first: u64, count: u64, threads: u64) -> usize {
    let total = Mutex::new(Total::default());
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| work(first, count, &next, &total));
        }
    });
    let total = total
        .into_inner()
        .expect("a thread that fails has ended the program");
    report(&total, count)
}

#[derive(Default)]
struct Total {
    coverage: Coverage,
    events: u64,
    failures: usize,
}

fn work(first: u64, count: u64, next: &AtomicU64, total: &Mutex<Total>) {
    loop {
        let index = next.fetch_add(1, Relaxed);
        let found = FOUND.len() as u64;
        if index >= found + count {
            return;
        }
        let is_found = index < found;
        let seed = match is_found {
            true => FOUND[index as usize].0,
            false => first + index - found,
        };
        let mut outcome = run_seed(seed, false);
        if index.is_multiple_of(REPEAT_EVERY) && outcome.failure.is_none() {
            let again = run_seed(seed, false).hash;
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
            eprintln!("  again: cargo run -p swarmlet-sim -- --seed {seed} --trace");
        }
    }
}

fn report(total: &Total, count: u64) -> usize {
    println!(
        "{count} seeds and {} that once failed, {} events, {} failures",
        FOUND.len(),
        total.events,
        total.failures
    );
    let mut failures = total.failures;
    for (met, percent) in total.coverage.shares(count) {
        let is_rare = percent < PERCENT_MIN && count >= COVERAGE_SEEDS_MIN;
        failures += usize::from(is_rare);
        let note = if is_rare { "  too rare" } else { "" };
        println!("  {percent:5.1} %  {met:?}{note}");
    }
    failures
}

/// Every so many seeds are run twice and must leave the same trace.
const REPEAT_EVERY: u64 = 50;

/// With fewer seeds shares mean little.
const COVERAGE_SEEDS_MIN: u64 = 500;
