//! Running many seeds on a few threads, and reporting.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::found::FOUND;
use crate::world::{Met, World};

/// How one seed went.
pub(crate) struct Outcome {
    pub(crate) failure: Option<String>,
    pub(crate) hash: String,
    met: BTreeSet<Met>,
    events: u64,
}

/// Does the run of one seed.
pub(crate) fn run_seed(seed: u64, is_traced: bool) -> Outcome {
    let mut world = World::new(seed, is_traced);
    let failure = match catch_unwind(AssertUnwindSafe(|| world.run())) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("{error:#}")),
        Err(_) => Some("panic, see above".to_owned()),
    };
    let events = world
        .devices
        .iter()
        .map(|device| device.acknowledged.len() as u64);
    Outcome {
        failure,
        hash: world.trace.hash().to_hex().to_string(),
        events: events.sum(),
        met: world.met.iter().copied().collect(),
    }
}

#[derive(Default)]
struct Total {
    met: BTreeMap<Met, u64>,
    events: u64,
    failures: usize,
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

fn work(first: u64, count: u64, next: &AtomicU64, total: &Mutex<Total>) {
    let found = FOUND.len() as u64;
    loop {
        let index = next.fetch_add(1, Relaxed);
        if index >= found + count {
            return;
        }
        let named = FOUND.get(index as usize).map(|(seed, _)| *seed);
        let seed = named.unwrap_or(first + index.saturating_sub(found));
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
        if named.is_none() {
            for met in outcome.met {
                *total.met.entry(met).or_default() += 1;
            }
        }
        if let Some(failure) = outcome.failure {
            total.failures += 1;
            eprintln!("SEED={seed} fails: {failure}");
            eprintln!("  again: cargo run -p swarmlet-sim --bin swarm -- --seed {seed} --trace");
        }
    }
}

fn report(total: &Total, count: u64) -> usize {
    println!(
        "{count} seeds and {} that once failed, {} events published, {} failures",
        FOUND.len(),
        total.events,
        total.failures
    );
    let mut failures = total.failures;
    for met in Met::ALL {
        let seeds = total.met.get(met).copied().unwrap_or(0);
        let percent = 100.0 * seeds as f64 / count.max(1) as f64;
        let is_rare = percent < PERCENT_MIN && count >= COVERAGE_SEEDS_MIN;
        failures += usize::from(is_rare);
        let note = if is_rare { "  too rare" } else { "" };
        println!("  {percent:5.1} %  {met:?}{note}");
    }
    failures
}

/// Every so many seeds are run twice and must leave the same trace.
const REPEAT_EVERY: u64 = 50;

/// What fewer runs meet is not tested.
const PERCENT_MIN: f64 = 5.0;

/// With fewer seeds shares mean little.
const COVERAGE_SEEDS_MIN: u64 = 500;
