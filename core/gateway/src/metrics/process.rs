//! The process that the node is in, under the names that every such page has: what the system tells
//! of it in `/proc`. Only Linux has that; elsewhere nothing is said.

use std::time::Duration;

/// What the process takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Process {
    /// Time on processors, for itself and by the system for it.
    pub(crate) cpu: Duration,
    /// Bytes of memory that are its own, or shared, and not swapped out.
    pub(crate) resident_bytes: u64,
    /// When it began, since 1970.
    pub(crate) started: Duration,
    /// Descriptors that are open.
    pub(crate) descriptors: u64,
    /// How many it may have; nothing if as many as it wants.
    pub(crate) descriptors_max: Option<u64>,
}

#[cfg(not(target_os = "linux"))]
impl Process {
    /// This process, if the system tells.
    pub(crate) fn look() -> Option<Self> {
        None
    }
}

#[cfg(target_os = "linux")]
impl Process {
    /// This process, if the system tells.
    pub(crate) fn look() -> Option<Self> {
        use std::fs::{read_dir, read_to_string};

        let ticks = Ticks {
            per_second: rustix::param::clock_ticks_per_second(),
        };
        let stat = Stat::parse(&read_to_string("/proc/self/stat").ok()?)?;
        let booted = boot_time(&read_to_string("/proc/stat").ok()?)?;
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        // One of them is that of the list itself.
        let listed = read_dir("/proc/self/fd").ok()?.count() as u64;
        Some(Self {
            cpu: ticks.duration(stat.cpu_ticks),
            resident_bytes: stat.resident_pages * rustix::param::page_size() as u64,
            started: booted + ticks.duration(stat.started_ticks),
            descriptors: listed.saturating_sub(1),
            descriptors_max: limit.current,
        })
    }
}

/// How the system counts time.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy)]
struct Ticks {
    per_second: u64,
}

#[cfg(target_os = "linux")]
impl Ticks {
    fn duration(self, ticks: u64) -> Duration {
        Duration::from_secs_f64(ticks as f64 / self.per_second.max(1) as f64)
    }
}

/// What is used of `/proc/self/stat`.
#[cfg(target_os = "linux")]
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    cpu_ticks: u64,
    /// Since the system began.
    started_ticks: u64,
    resident_pages: u64,
}

#[cfg(target_os = "linux")]
impl Stat {
    /// Fields are numbered from 1 in the manual. The second is the name of the program, in round
    /// brackets, in which there may be anything.
    fn parse(text: &str) -> Option<Self> {
        let (_, after_name) = text.rsplit_once(')')?;
        let fields: Vec<&str> = after_name.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            cpu_ticks: field(14)?.checked_add(field(15)?)?,
            started_ticks: field(22)?,
            resident_pages: field(24)?,
        })
    }
}

/// When the system began, since 1970: the line `btime` of `/proc/stat`.
#[cfg(target_os = "linux")]
fn boot_time(text: &str) -> Option<Duration> {
    let line = text.lines().find_map(|line| line.strip_prefix("btime "));
    line?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::{Instant, SystemTime, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_moves_no_field() {
        let fields: Vec<String> = (4..=52).map(|field: u64| field.to_string()).collect();
        let text = format!("7 (a) b (c)) S {}\n", fields.join(" "));
        let expected = Stat {
            cpu_ticks: 14 + 15,
            started_ticks: 22,
            resident_pages: 24,
        };
        assert_eq!(Stat::parse(&text), Some(expected));
        for text in ["", "7 (a", "7 (a) S 4 5", &text.replace(" 22 ", " x ")] {
            assert_eq!(Stat::parse(text), None, "{text}");
        }
        let booted = boot_time("cpu 1 2\nbtime 1700000000\n");
        assert_eq!(booted, Some(Duration::from_secs(1_700_000_000)));
        assert_eq!(boot_time("cpu 1 2\nbtime x\n"), None);
    }

    #[test]
    fn what_the_process_takes_is_seen() {
        let before = Process::look().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        // The clock of the system may have been set since it began; by a day it was not.
        let age = now.abs_diff(before.started);
        assert!(age < Duration::from_secs(24 * 60 * 60), "{before:?}");
        let files: Vec<_> = (0..64).map(|_| tempfile::tempfile().unwrap()).collect();
        let mut memory = vec![1_u8; 64 * 1024 * 1024];
        let begun = Instant::now();
        // Work is needed for time to be spent.
        while Process::look().unwrap().cpu <= before.cpu {
            memory
                .iter_mut()
                .for_each(|byte| *byte = byte.wrapping_mul(3));
            assert!(begun.elapsed() < Duration::from_secs(60), "no time passes");
        }
        let after = Process::look().unwrap();
        assert!(after.descriptors >= before.descriptors + 32, "{after:?}");
        assert!(after.descriptors <= after.descriptors_max.unwrap_or(u64::MAX));
        assert!(after.resident_bytes >= 64 * 1024 * 1024, "{after:?}");
        assert_eq!(after.started, before.started);
        drop((files, memory));
    }
}
