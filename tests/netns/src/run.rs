//! Telling the stories, one after the other, and saying how each ended.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};

use crate::scenario::{SCENARIOS, Scenario};
use crate::stage::{World, is_interrupted, remove_leftovers, watch_signals};

/// Tells the stories that were asked for, or all; a failure of one does not keep the others back.
pub(crate) fn run(only: &[String], rounds: u32) -> Result<ExitCode> {
    let chosen = chosen(only)?;
    watch_signals()?;
    if let Err(why) = remove_leftovers().and_then(|()| World::check()) {
        println!("SKIPPED, nothing was tested: no network namespaces can be made here: {why:#}");
        return Ok(ExitCode::SUCCESS);
    }
    let mut failed = 0;
    for _ in 0..rounds {
        for scenario in &chosen {
            failed += u32::from(!tell(scenario));
            if is_interrupted() {
                println!("interrupted");
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn chosen(only: &[String]) -> Result<Vec<&'static Scenario>> {
    let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
    for name in only {
        let is_known = names.contains(&name.as_str());
        ensure!(is_known, "no {name}; there are {}", names.join(", "));
    }
    let is_chosen =
        |scenario: &&Scenario| only.is_empty() || only.iter().any(|name| name == scenario.name);
    Ok(SCENARIOS.iter().filter(is_chosen).collect())
}

/// Tells one story; whether it ended well. Everything it used is gone then.
fn tell(scenario: &Scenario) -> bool {
    let begin = Instant::now();
    let story = scenario.tell;
    // In a thread of its own, so that a panic leaves nothing behind either.
    let told = std::thread::spawn(story).join();
    let told = told.unwrap_or_else(|_| Err(anyhow!("it has panicked")));
    let (verdict, figure, is_well) = match told {
        Ok(figure) => ("passed", figure, true),
        Err(error) => ("FAILED", format!("{error:#}"), false),
    };
    let took = seconds(begin.elapsed());
    println!("{:<14}{verdict}  {figure}  [{took}]", scenario.name);
    is_well
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
