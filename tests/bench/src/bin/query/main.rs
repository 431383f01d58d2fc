//! `cargo xtask bench query`: the query language beside SQL over the same events.
//!
//! Both stores are filled by the same calls and then asked in turn, each question several times;
//! the median counts. Both have to give the same number of rows and the same totals, else the run
//! fails.

#![expect(
    clippy::print_stdout,
    reason = "a command line program talks to its user"
)]

mod load;
mod ours;
mod questions;
mod sql;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use std::fs;
use std::time::Instant;
use swarmlet_bench::quantile;
use swarmlet_bench::report::{self, Row, Target};

use questions::{Question, questions};

/// Measures queries beside SQLite.
#[derive(Parser)]
#[command(name = "cargo xtask bench query")]
struct Arguments {
    /// Events in the log.
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// How often each question is asked.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..))]
    times: u64,
}

/// What a question led to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Answered {
    rows: u64,
    /// The sum of all numbers in the first column, for questions that compute.
    total: f64,
    first_ms: f64,
    all_ms: f64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let folder = report::folder().join("query");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let start = Instant::now();
    load::run(&folder, arguments.events)?;
    println!("loaded in {:.0} s", start.elapsed().as_secs_f64());
    let ours = ours::Store::open(&folder)?;
    let sql = sql::Store::open(&folder)?;
    let mut rows = Vec::new();
    for question in questions(arguments.events) {
        rows.extend(ask(&question, &ours, &sql, arguments.times)?);
    }
    rows.push(ours.observe(arguments.times)?);
    print!("\n{}", report::table(&rows));
    println!("\nwrote {}", report::write("query", &rows)?.display());
    ours.close()?;
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))
}

fn ask(question: &Question, ours: &ours::Store, sql: &sql::Store, times: u64) -> Result<Vec<Row>> {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for time in 0..times {
        left.push(ours.ask(question, time)?);
        right.push(sql.ask(question, time)?);
        let (ours, theirs) = (left[left.len() - 1], right[right.len() - 1]);
        ensure!(
            ours.rows == theirs.rows && (ours.total - theirs.total).abs() <= 1e-6 * theirs.total,
            "{}: {ours:?} here, {theirs:?} in SQLite",
            question.name
        );
    }
    let all = |answers: &[Answered]| median(answers.iter().map(|one| one.all_ms).collect());
    let row = Row::alone(question.name, all(&left), "ms", question.target);
    let mut rows = vec![row.beside("sqlite", all(&right), question.target)];
    if question.is_first_shown {
        let first = |answers: &[Answered]| median(answers.iter().map(|one| one.first_ms).collect());
        let name = format!("{}, first result", question.name);
        let row = Row::alone(name, first(&left), "ms", Target::ValueMax(5.0));
        rows.push(row.beside("sqlite", first(&right), Target::ValueMax(5.0)));
    }
    Ok(rows)
}

fn median(values: Vec<f64>) -> f64 {
    quantile::median(&values).expect("every question is asked")
}
