//! Which steps are run, and in which circumstances the run as a whole has failed.

use super::steps::{Part, STEPS, Step};
use super::summary::{Outcome, Summary};
use crate::root;
use anyhow::{Result, ensure};
use std::process::ExitCode;
use std::time::Instant;

/// What `cargo xtask test` can be asked for.
#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Only what finds most mistakes in a few minutes.
    #[arg(long)]
    quick: bool,
    /// Only these steps, and setup before them.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
}

/// Runs the steps that were asked for. Nothing is printed after the closing line.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let steps = chosen(arguments)?;
    let mut summary = Summary::default();
    for step in steps {
        let is_hopeless = summary.has_failed("setup");
        let outcome = if is_hopeless {
            Outcome::Skipped
        } else {
            carry_out(step, &mut summary)
        };
        if outcome == Outcome::Skipped {
            summary.add(step.name, outcome, 0.0);
        }
    }
    print!("{summary}");
    Ok(if summary.is_success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs every step.
pub(crate) fn everything() -> Result<ExitCode> {
    run(&Arguments::default())
}

fn chosen(arguments: &Arguments) -> Result<Vec<&'static Step>> {
    for name in &arguments.only {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        ensure!(
            names.contains(&name.as_str()),
            "no step {name}; there are {}",
            names.join(", ")
        );
    }
    let left_out = if arguments.quick {
        Part::Full
    } else {
        Part::Quick
    };
    let is_chosen = |step: &&Step| match arguments.only.as_slice() {
        [] => step.part != left_out,
        only => step.name == "setup" || only.iter().any(|name| name == step.name),
    };
    Ok(STEPS.iter().filter(is_chosen).collect())
}

fn carry_out(step: &Step, summary: &mut Summary) -> Outcome {
    if !root::path(step.needs).exists() {
        println!("\n=== {}: skipped, there is no {}", step.name, step.needs);
        return Outcome::Skipped;
    }
    println!("\n=== {}", step.name);
    let start = Instant::now();
    let outcome = match step.run() {
        Ok(()) => Outcome::Passed,
        Err(error) => {
            println!("{}: {error:#}", step.name);
            Outcome::Failed
        }
    };
    summary.add(step.name, outcome, start.elapsed().as_secs_f64());
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(quick: bool, only: &[&str]) -> Vec<&'static str> {
        let only = only.iter().map(ToString::to_string).collect();
        let steps = chosen(&Arguments { quick, only }).unwrap();
        steps.iter().map(|step| step.name).collect()
    }

    #[test]
    fn the_full_run_leaves_out_nothing_but_what_it_repeats() {
        let full = names(false, &[]);
        assert!(full.contains(&"rust") && full.contains(&"crash") && !full.contains(&"unit"));
    }

    #[test]
    fn the_quick_run_is_short() {
        assert_eq!(
            names(true, &[]),
            [
                "setup",
                "fmt",
                "tidy",
                "gen-check",
                "deny",
                "clippy",
                "unit"
            ]
        );
    }

    #[test]
    fn single_steps_follow_setup() {
        assert_eq!(names(false, &["sim", "fmt"]), ["setup", "fmt", "sim"]);
    }

    #[test]
    fn an_unknown_step_is_refused_with_the_known_ones() {
        let arguments = Arguments {
            quick: false,
            only: vec!["smi".to_owned()],
        };
        let error = chosen(&arguments).err().unwrap().to_string();
        assert!(
            error.contains("no step smi; there are setup, fmt"),
            "{error}"
        );
    }
}
