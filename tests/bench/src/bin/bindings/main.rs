//! `cargo xtask bench bindings`: what of the rates is left in each language, beside Rust in the
//! same run, and what an event costs there in CPU time.
//!
//! Each language has a program of its own that writes and reads the same events through the package
//! as users get it; `program` says how it is started and what it answers. Rounds alternate between
//! the languages, so that a slow moment of the machine meets all of them; the median counts.

#![expect(
    clippy::print_stdout,
    reason = "a command line program talks to its user"
)]

mod ours;
mod program;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use swarmlet_bench::quantile;
use swarmlet_bench::report::{self, Row, Target};

use program::{Figure, Program, Work};

/// Measures the languages beside each other.
#[derive(Parser)]
#[command(name = "cargo xtask bench bindings")]
struct Arguments {
    /// Events for each rate; fewer where each is waited for.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(10_000..))]
    events: u64,
    /// Rounds of which the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// A language and how its program is started, as `python=COMMAND WITH ARGUMENTS`.
    #[arg(long, value_name = "NAME=COMMAND")]
    language: Vec<Program>,
    /// What users install of a language, as `python=FILE`: its size is shown.
    #[arg(long, value_name = "NAME=FILE")]
    artifact: Vec<String>,
    #[command(subcommand)]
    child: Option<Child>,
}

#[derive(Subcommand)]
enum Child {
    /// The program of Rust.
    #[command(hide = true)]
    Rates(ours::Task),
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match &arguments.child {
        Some(Child::Rates(task)) => ours::run(task),
        None => compare(&arguments),
    }
}

fn compare(arguments: &Arguments) -> Result<()> {
    let mut languages = vec![Program::ours()?];
    languages.extend(arguments.language.iter().cloned());
    let mut measured: Vec<Vec<Figure>> = languages.iter().map(|_| Vec::new()).collect();
    for _ in 0..arguments.rounds {
        for (language, figures) in languages.iter().zip(&mut measured) {
            let folder = report::folder().join("bindings");
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
            figures.extend(language.run(arguments.events, &folder)?);
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
    }
    let mut rows = Vec::new();
    for work in Work::ALL {
        let rust = median(&measured[0], work).context("the program of Rust measured nothing")?;
        for (language, figures) in languages.iter().zip(&measured) {
            if let Some(figure) = median(figures, work) {
                rows.extend(rows_of(&language.name, figure, rust));
            }
        }
    }
    for artifact in &arguments.artifact {
        rows.push(size(artifact)?);
    }
    print!("{}", report::table(&rows));
    println!("{}", report::write("bindings", &rows)?.display());
    Ok(())
}

/// The middle of what was measured in the rounds, rate and CPU time each for itself.
fn median(figures: &[Figure], work: Work) -> Option<Figure> {
    let of_work = figures.iter().filter(|figure| figure.work == work);
    let middle = |value: fn(&Figure) -> f64| {
        let values: Vec<f64> = of_work.clone().map(value).collect();
        quantile::median(&values)
    };
    Some(Figure {
        work,
        rate: middle(|figure| figure.rate)?,
        cpu_micros: middle(|figure| figure.cpu_micros)?,
    })
}

fn rows_of(language: &str, figure: Figure, rust: Figure) -> [Row; 2] {
    let aimed = match figure.work {
        Work::PublishBatches | Work::SubscribeBatches => {
            ["python", "node", "kotlin", "c"].as_slice()
        }
        Work::SubscribeRows => &["python", "node"],
        Work::PublishInFlight | Work::PublishSingly => &[],
    };
    let target = match aimed.contains(&language) {
        true => Target::ValueMin(100_000.0),
        false => Target::Open,
    };
    let name = format!("{language}: {}", figure.work.title());
    let rate = Row::alone(&name, figure.rate, "events/s", target);
    let cpu = format!("{name}, CPU");
    let cpu = Row::alone(cpu, figure.cpu_micros, "us/event", Target::Open);
    if language == program::OURS {
        return [rate, cpu];
    }
    [
        rate.beside(program::OURS, rust.rate, target),
        cpu.beside(program::OURS, rust.cpu_micros, Target::Open),
    ]
}

fn size(artifact: &str) -> Result<Row> {
    let named = artifact.split_once('=');
    let (name, file) = named.with_context(|| format!("{artifact} is not NAME=FILE"))?;
    let file = PathBuf::from(file);
    let size = fs::metadata(&file).with_context(|| format!("cannot find {}", file.display()))?;
    let megabytes = size.len() as f64 / 1e6;
    Ok(Row::alone(
        format!("{name}: size"),
        megabytes,
        "MB",
        Target::Open,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(rate: f64, cpu_micros: f64) -> Figure {
        Figure {
            work: Work::PublishBatches,
            rate,
            cpu_micros,
        }
    }

    #[test]
    fn the_median_is_that_of_each_value() {
        let figures = [figure(3.0, 1.0), figure(1.0, 2.0), figure(2.0, 9.0)];
        assert_eq!(
            median(&figures, Work::PublishBatches),
            Some(figure(2.0, 2.0))
        );
        assert_eq!(median(&figures, Work::SubscribeRows), None);
    }

    #[test]
    fn a_language_stands_beside_rust() {
        let [rate, cpu] = rows_of("c", figure(150_000.0, 6.0), figure(300_000.0, 3.0));
        assert_eq!((rate.ratio, rate.met), (Some(0.5), Some(true)));
        assert_eq!((cpu.ratio, cpu.met), (Some(2.0), None));
        let [rate, _] = rows_of(program::OURS, figure(9.0, 6.0), figure(9.0, 3.0));
        assert_eq!((rate.ratio, rate.met), (None, None));
    }
}
