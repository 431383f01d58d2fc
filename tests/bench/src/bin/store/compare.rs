//! The run as a whole: rates in alternating rounds, then what needs many events, then the report.

use super::child::{self, Answer, Task, Work};
use super::figures::{Figure, Figures};
use super::{Arguments, targets};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use swarmlet_bench::event::{MACHINES, Pool};
use swarmlet_bench::quantile::median;
use swarmlet_bench::rate::{self, Load};
use swarmlet_bench::report;
use swarmlet_bench::store::{Candidate, STORES, candidate};

/// Kinds of load: figure, callers at once, events per call.
const LOADS: [(Figure, usize, usize); 3] = [
    (Figure::PublishSingly, 1, 1),
    (Figure::PublishInFlight, 32, 1),
    (Figure::PublishBatches, 1, 100),
];
const MIB: f64 = 1_048_576.0;

/// Measures everything, prints the table, writes the rows.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let stores = chosen(&arguments.only)?;
    let folder = arguments
        .folder
        .clone()
        .unwrap_or_else(|| report::folder().join("data"));
    let mut figures = Figures::default();
    for (figure, in_flight, batch) in LOADS {
        let duration = Duration::from_secs_f64(arguments.seconds / f64::from(arguments.rounds));
        let load = Load {
            in_flight,
            batch,
            duration,
        };
        add_rates(
            &mut figures,
            figure,
            &stores,
            load,
            arguments.rounds,
            &folder,
        )?;
    }
    for store in stores.iter().filter(|store| store.is_queryable) {
        let folder = emptied(&folder.join(store.name))?;
        add_large(&mut figures, store, arguments.events, &folder)?;
    }
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    let mut rows = targets::rows(&figures);
    rows.extend(figures.rows());
    print!("\n{}", report::table(&rows));
    println!("\nwrote {}", report::write("store", &rows)?.display());
    Ok(())
}

fn chosen(only: &[String]) -> Result<Vec<&'static Candidate>> {
    if only.is_empty() {
        return Ok(STORES.iter().collect());
    }
    only.iter().map(|name| candidate(name)).collect()
}

/// The rate of each store under one load: the median of the rounds.
fn add_rates(
    figures: &mut Figures,
    figure: Figure,
    stores: &[&'static Candidate],
    load: Load,
    rounds: u32,
    folder: &Path,
) -> Result<()> {
    let pool = Pool::new();
    let mut open = Vec::new();
    for store in stores {
        let folder = emptied(&folder.join(store.name))?;
        open.push((
            store.name,
            (store.open)(&folder)?,
            AtomicU64::new(0),
            Vec::new(),
        ));
    }
    for _ in 0..rounds {
        for (_, store, next, rates) in &mut open {
            rates.push(rate::measure(&**store, load, &pool, next)?);
        }
    }
    for (name, _, _, rates) in open {
        let median = median(&rates).context("no round was measured")?;
        println!("{}: {name}: {median:.0} {}", figure.name(), figure.unit());
        figures.add(figure, name, median);
    }
    Ok(())
}

/// What one store makes of many events: size, memory, start and queries.
fn add_large(figures: &mut Figures, store: &Candidate, events: u64, folder: &Path) -> Result<()> {
    let answer = |work: Work| -> Result<Answer> {
        println!("{}: {} {events} events", store.name, work.name());
        let (store, folder) = (store.name.to_owned(), folder.to_path_buf());
        child::start(&Task {
            store,
            folder,
            events,
            work,
        })
    };
    let loaded = answer(Work::Load)?;
    let opened = answer(Work::Open)?;
    let queried = answer(Work::Query)?;
    let expected = events / MACHINES;
    ensure!(
        queried.events >= expected / 2 && queried.events <= expected * 2,
        "{} found {} events of one machine, about {expected} were written",
        store.name,
        queried.events
    );
    let mut add = |figure: Figure, value: f64| figures.add(figure, store.name, value);
    add(Figure::Load, loaded.events as f64 / loaded.work_seconds);
    add(Figure::LoadMemory, loaded.peak_bytes as f64 / MIB);
    add(
        Figure::DiskPerEvent,
        child::bytes_on_disk(folder)? as f64 / events as f64,
    );
    add(Figure::Open, opened.open_seconds * 1e3);
    add(Figure::QueryTag, queried.work_seconds * 1e3);
    add(Figure::QueryFirst, queried.first_seconds * 1e3);
    add(Figure::QueryMemory, queried.peak_bytes as f64 / MIB);
    if store.name == targets::SUBJECT {
        let followed = answer(Work::Follow)?;
        let rate = followed.events as f64 / followed.work_seconds;
        figures.add(Figure::ReadAll, store.name, rate);
        let peak = followed.peak_bytes as f64 / MIB;
        figures.add(Figure::SlowReaderMemory, store.name, peak);
    }
    Ok(())
}

/// The folder, made anew.
fn emptied(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder.to_path_buf())
}
