//! Whether the clock can be right. Nothing is ordered by it, but people read it, and certificates
//! and retention by age look at it.

use swarmlet::{Clock as _, SystemClock};

use super::finding::Finding;
use crate::show::time;

const CHECK: &str = "clock";

/// Compares the clock with the newest event, whoever published it, if that is known.
pub(super) fn clock(newest_micros: Option<i64>) -> Finding {
    judge(SystemClock.now().micros(), newest_micros, is_synchronised())
}

fn judge(now: i64, newest: Option<i64>, is_synchronised: bool) -> Finding {
    let advice = "set it, by a time server of the network if there is one";
    if now < RELEASED_MICROS {
        let found = format!("it says {}, which is past", time(now));
        return Finding::bad(CHECK, found, advice);
    }
    if let Some(newest) = newest
        && newest > now.saturating_add(AHEAD_MICROS)
    {
        let found = format!(
            "it says {}, and an event was published at {}: this clock or its author's is wrong",
            time(now),
            time(newest)
        );
        return Finding::warning(CHECK, found, advice);
    }
    match is_synchronised {
        true => Finding::good(CHECK, format!("{}, synchronised", time(now))),
        false => {
            let found = format!(
                "{}; whether it is synchronised is not known here",
                time(now)
            );
            Finding::unknown(CHECK, found, "compare it with another clock")
        }
    }
}

/// Whether systemd says that a time server has set it.
fn is_synchronised() -> bool {
    std::path::Path::new("/run/systemd/timesync/synchronized").exists()
}

/// The beginning of 2026: before that there was no release.
const RELEASED_MICROS: i64 = 1_767_225_600_000_000;

/// Two minutes: clocks that nobody synchronises differ by as much.
const AHEAD_MICROS: i64 = 120_000_000;

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_clock_is_wrong_before_the_release_and_behind_the_log() {
        let now = RELEASED_MICROS + 1;
        assert_eq!(judge(now, None, false).verdict, Verdict::Unknown);
        let verdict = |now, newest| judge(now, newest, true).verdict;
        assert_eq!(verdict(0, None), Verdict::Bad);
        assert_eq!(verdict(now, None), Verdict::Good);
        assert_eq!(verdict(now, Some(now + AHEAD_MICROS)), Verdict::Good);
        assert_eq!(verdict(now, Some(now + AHEAD_MICROS + 1)), Verdict::Warning);
        assert_eq!(verdict(now, Some(i64::MAX)), Verdict::Warning);
    }
}
