//! Waiting: for a condition, with a deadline that a loaded machine keeps too.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::interrupt::is_interrupted;

/// How long anything may take before it counts as never.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until there is an answer.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        ensure!(!is_interrupted(), "interrupted");
        if Instant::now() > deadline {
            bail!("{what}: not within {} s", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A time beside its target. It fails only if it is ten times as long: the machine may be busy.
pub(crate) fn within(target: Duration, taken: Duration, what: &str) -> Result<String> {
    let (taken_secs, target_secs) = (taken.as_secs_f64(), target.as_secs_f64());
    ensure!(
        taken < target * 10,
        "{what} took {taken_secs:.2} s; the target is {target_secs} s, and ten times as long is no \
         question of a busy machine"
    );
    let verdict = if taken < target { "" } else { ", MISSED" };
    Ok(format!(
        "{what} {taken_secs:.2} s (target < {target_secs} s{verdict})"
    ))
}
