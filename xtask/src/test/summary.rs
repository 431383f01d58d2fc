//! What became of each step, and the closing line that others count by.

use std::fmt;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// The outcomes of a run, in order.
#[derive(Default)]
pub(crate) struct Summary {
    steps: Vec<(&'static str, Outcome, f64)>,
}

impl Summary {
    pub(crate) fn add(&mut self, name: &'static str, outcome: Outcome, seconds: f64) {
        self.steps.push((name, outcome, seconds));
    }

    pub(crate) fn has_failed(&self, name: &str) -> bool {
        self.steps
            .iter()
            .any(|(step, outcome, _)| *step == name && *outcome == Outcome::Failed)
    }

    /// Nothing failed, and something was checked.
    pub(crate) fn is_success(&self) -> bool {
        self.count(Outcome::Failed) == 0 && self.count(Outcome::Passed) > 0
    }

    fn count(&self, wanted: Outcome) -> usize {
        self.steps
            .iter()
            .filter(|(_, outcome, _)| *outcome == wanted)
            .count()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter)?;
        for (name, outcome, seconds) in &self.steps {
            let word = match outcome {
                Outcome::Passed => "ok",
                Outcome::Failed => "FAILED",
                Outcome::Skipped => "skipped",
            };
            writeln!(formatter, "{name:<12} {word:<8} {seconds:>8.1} s")?;
        }
        let (passed, failed) = (self.count(Outcome::Passed), self.count(Outcome::Failed));
        write!(formatter, "\n{passed} passed, {failed} failed")?;
        match self.count(Outcome::Skipped) {
            0 => writeln!(formatter),
            skipped => writeln!(formatter, ", {skipped} skipped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(outcomes: &[Outcome]) -> Summary {
        let mut summary = Summary::default();
        for outcome in outcomes {
            summary.add("a", *outcome, 1.25);
        }
        summary
    }

    fn closing_line(outcomes: &[Outcome]) -> String {
        summary(outcomes)
            .to_string()
            .lines()
            .last()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn the_closing_line_counts_steps() {
        use Outcome::{Failed, Passed, Skipped};
        assert_eq!(
            closing_line(&[Passed, Failed, Passed]),
            "2 passed, 1 failed"
        );
        assert_eq!(
            closing_line(&[Passed, Skipped]),
            "1 passed, 0 failed, 1 skipped"
        );
    }

    #[test]
    fn a_run_that_checked_nothing_is_no_success() {
        assert!(!summary(&[Outcome::Skipped]).is_success());
        assert!(!summary(&[Outcome::Passed, Outcome::Failed]).is_success());
        assert!(summary(&[Outcome::Passed, Outcome::Skipped]).is_success());
    }
}
