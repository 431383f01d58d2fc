//! Counters of the log: cheap to keep, read as one snapshot.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// What the log has done since it was opened, and how large it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogStats {
    /// Events committed by this node.
    pub events_committed: u64,
    /// Bytes of commit groups appended to the log.
    pub bytes_committed: u64,
    /// Commit groups, each with one sync.
    pub groups_committed: u64,
    /// Events in the store, dropped ones not counted.
    pub events_stored: u64,
    /// Bytes of log files, including preallocated space.
    pub log_bytes: u64,
    /// Log files that are not sealed yet.
    pub log_files: u64,
    /// Bytes of sealed segments.
    pub segment_bytes: u64,
    /// Of those, bytes of what finds events: all but the blocks that hold them.
    pub segment_index_bytes: u64,
    /// Sealed segments.
    pub segments: u64,
    /// Log files sealed.
    pub seals: u64,
    /// Merges of segments.
    pub merges: u64,
    /// Segments rewritten without what retention gave up.
    pub drops: u64,
    /// Events that retention gave up, and that are gone from the disk.
    pub events_dropped: u64,
    /// Events that are here and not shown: their authors wrote them after they were revoked.
    pub events_quarantined: u64,
    /// Bytes of torn writes set aside at opening.
    pub bytes_set_aside: u64,
    /// Whether a sync failed, so that nothing is written until the log is opened again.
    pub is_read_only: bool,
    /// Bytes in memory of what finds events that are not sealed yet.
    pub index_bytes: u64,
    /// Blocks found in the cache.
    pub cache_hits: u64,
    /// Blocks read from disk.
    pub cache_misses: u64,
    /// Bytes in the cache.
    pub cache_bytes: u64,
}

/// The counters that only grow.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) events_committed: AtomicU64,
    pub(super) bytes_committed: AtomicU64,
    pub(super) groups_committed: AtomicU64,
    pub(super) seals: AtomicU64,
    pub(super) merges: AtomicU64,
    pub(super) drops: AtomicU64,
    pub(super) events_dropped: AtomicU64,
    pub(super) bytes_set_aside: AtomicU64,
    pub(super) is_read_only: AtomicBool,
}

impl Counters {
    /// Adds to one of the counters.
    pub(super) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Relaxed);
    }

    /// Copies the counters into `stats`.
    pub(super) fn fill(&self, stats: &mut LogStats) {
        stats.events_committed = self.events_committed.load(Relaxed);
        stats.bytes_committed = self.bytes_committed.load(Relaxed);
        stats.groups_committed = self.groups_committed.load(Relaxed);
        stats.seals = self.seals.load(Relaxed);
        stats.merges = self.merges.load(Relaxed);
        stats.drops = self.drops.load(Relaxed);
        stats.events_dropped = self.events_dropped.load(Relaxed);
        stats.bytes_set_aside = self.bytes_set_aside.load(Relaxed);
        stats.is_read_only = self.is_read_only.load(Relaxed);
    }
}
