//! How fast the disk syncs, which is how fast events are acknowledged, and how much room it has.

use std::io::{self, Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::finding::Finding;
use crate::show::bytes;

const SYNC: &str = "disk sync";
const ROOM: &str = "disk space";

/// Syncs a small file in the folder some times.
pub(super) fn sync_speed(folder: &Path) -> Finding {
    match measure(folder) {
        Ok(times) => judge(times),
        Err(error) => Finding::bad(
            SYNC,
            format!("a file in the folder cannot be written and synced: {error}"),
            "look at the disk, its free space, and whose the folder is",
        ),
    }
}

fn measure(folder: &Path) -> io::Result<Vec<Duration>> {
    let mut file = tempfile::tempfile_in(folder)?;
    // As the log does: in room that is there already.
    file.write_all(&vec![0; BLOCK_BYTES])?;
    file.sync_all()?;
    let mut times = Vec::new();
    for round in 0..SYNCS {
        file.rewind()?;
        file.write_all(&[round as u8; BLOCK_BYTES])?;
        let begun = Instant::now();
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    Ok(times)
}

fn judge(mut times: Vec<Duration>) -> Finding {
    times.sort_unstable();
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    let millis = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1_000.0);
    let found = format!("{} a sync, the slowest {}", millis(median), millis(slowest));
    if median < SUSPICIOUS {
        let advice = "no disk is that fast: this one, or the memory it really is, may not keep \
                      what it confirms when the power fails";
        return Finding::warning(SYNC, found, advice);
    }
    if median > SLOW {
        let advice = "events are acknowledged no faster than that: publish several together, or \
                      use a disk with a cache that survives power loss";
        return Finding::warning(SYNC, found, advice);
    }
    Finding::good(SYNC, found)
}

/// How much room there is for events and blobs.
#[cfg(unix)]
pub(super) fn room(folder: &Path) -> Finding {
    let free = match rustix::fs::statvfs(folder) {
        Ok(stat) => stat.f_bavail.saturating_mul(stat.f_frsize),
        Err(error) => return Finding::unknown(ROOM, error.to_string(), ""),
    };
    let found = format!("{} free", bytes(free));
    if free < FULL_BYTES {
        return Finding::bad(ROOM, found, "free space: nothing more is stored soon");
    }
    if free < LITTLE_BYTES {
        let advice = "free space, or limit blobs and streams: `swarmlet settings schema`";
        return Finding::warning(ROOM, found, advice);
    }
    Finding::good(ROOM, found)
}

#[cfg(not(unix))]
pub(super) fn room(_folder: &Path) -> Finding {
    Finding::unknown(ROOM, "not asked on this system", "")
}

/// Enough to see a usual time and a slow one, and a second on a slow disk.
const SYNCS: usize = 50;

/// One block of most disks.
const BLOCK_BYTES: usize = 4_096;

/// A sync that is faster never reached a device: a system call and a queue take longer.
const SUSPICIOUS: Duration = Duration::from_micros(15);

/// A disk that turns needs as long; flash a tenth of it.
const SLOW: Duration = Duration::from_millis(20);

/// A few log files and a merge of segments.
const FULL_BYTES: u64 = 256 * 1024 * 1024;

/// Where fetching blobs stops is near.
const LITTLE_BYTES: u64 = 1024 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_disk_is_judged_by_its_usual_sync() {
        let verdict = |micros: u64| judge(vec![Duration::from_micros(micros); 3]).verdict;
        assert_eq!(verdict(14), Verdict::Warning);
        assert_eq!(verdict(15), Verdict::Good);
        assert_eq!(verdict(20_000), Verdict::Good);
        assert_eq!(verdict(20_001), Verdict::Warning);
        let one_slow = [100, 100, 900_000].map(Duration::from_micros);
        assert_eq!(judge(one_slow.into()).verdict, Verdict::Good);
    }
}
