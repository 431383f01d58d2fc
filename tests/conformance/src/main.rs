//! One behaviour in every language: plays scenarios against a driver program of each, and against
//! drivers of different languages in one swarm. `README.md` beside this says how and why.
//!
//! It does not link Swarmlet: it speaks JSON lines, and what a node has to do stands in the
//! scenarios.

mod answer;
mod driver;
mod errors;
mod exemplar;
mod host;
mod json;
mod operation;
mod path;
mod pattern;
mod play;
mod report;
mod roster;
mod run;
mod scenario;
mod template;
mod tours;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

/// Plays every scenario in each language alone, and then where languages meet.
#[derive(clap::Parser)]
struct Arguments {
    /// Only scenarios whose name contains this.
    #[arg(long, value_name = "TEXT")]
    scenario: Option<String>,
    /// Only these drivers.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    driver: Vec<String>,
    /// Only what each language does alone.
    #[arg(long)]
    alone: bool,
    /// Writes the table of results into the documentation.
    #[arg(long)]
    write: bool,
    /// Makes the exemplar anew, and plays nothing.
    #[arg(long)]
    exemplar: bool,
    /// How many scenarios are played at the same time.
    #[arg(long, default_value_t = 6)]
    lanes: usize,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if arguments.exemplar {
        run::make_exemplar()?;
        return Ok(ExitCode::SUCCESS);
    }
    let is_whole = arguments.scenario.is_none() && arguments.driver.is_empty() && !arguments.alone;
    let wanted = run::Wanted {
        scenario: arguments.scenario.unwrap_or_default(),
        drivers: arguments.driver,
        is_alone: arguments.alone,
        lanes: arguments.lanes.max(1),
    };
    let results = run::run(&wanted)?;
    print(&report::text(&results));
    let mut is_good = results.is_success();
    if is_good && is_whole {
        is_good = report::keep(&results, arguments.write)?;
    }
    Ok(if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[expect(
    clippy::print_stdout,
    reason = "the results are what this program is for"
)]
fn print(text: &str) {
    println!("{text}");
}
