//! What the operating system says a process has computed. Linux only; elsewhere there is no figure.

use std::fs;
use std::time::Duration;

/// The time that all threads of this process have run so far, those that ended included.
#[must_use]
pub fn of_this_process() -> Option<Duration> {
    parse(&fs::read_to_string("/proc/self/stat").ok()?)
}

fn parse(stat: &str) -> Option<Duration> {
    // The name, in brackets, may hold anything; the numbers begin after it.
    let (_, numbers) = stat.rsplit_once(") ")?;
    let mut numbers = numbers.split(' ').skip(USER_TICKS);
    let mut next = || numbers.next()?.parse::<u64>().ok();
    let ticks = next()? + next()?;
    Some(Duration::from_millis(ticks * TICK_MILLIS))
}

/// The place of the user time after the name; the system time follows it.
const USER_TICKS: usize = 11;
/// Linux counts in hundredths of a second for programs, whatever its own clock is.
const TICK_MILLIS: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_added_whatever_the_name_is() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 10 0 0 0 150 25 9 9 20 0 3 0 100";
        assert_eq!(parse(stat), Some(Duration::from_millis(1_750)));
        assert_eq!(parse("7 (a) S 1"), None);
    }

    #[test]
    fn who_computes_has_computed() {
        let begun = of_this_process().unwrap();
        let mut number = 1_u64;
        while of_this_process().unwrap() < begun + Duration::from_millis(20) {
            number = std::hint::black_box(number.wrapping_mul(3));
        }
    }
}
