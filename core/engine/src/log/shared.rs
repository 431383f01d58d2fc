//! What writer, readers and maintenance share: which files there are, and how far the log goes.
//!
//! The snapshot of files is immutable and replaced as a whole. A reader takes the heads first and
//! the snapshot after them: whatever the heads name is then in the files.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::ceilings::Ceilings;
use super::heads::{Head, Heads};
use super::options::LogOptions;
use super::stats::{Counters, LogStats};
use super::unsealed::Unsealed;
use crate::event::{NodeId, StreamId};
use crate::limits::{LOG_FILE_BYTES, LOG_FILES_UNSEALED_MAX};
use crate::segment::{BlockCache, Floors, Segment};
use crate::storage::Disk;

/// The files of the log at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    /// Sealed segments, oldest range first, without gaps.
    pub(super) segments: Vec<Arc<Segment>>,
    /// Log files that are not sealed, oldest first.
    pub(super) files: Vec<Arc<Unsealed>>,
    /// Where the streams begin whose beginning is not here: it was dropped, or never came.
    pub(super) floors: Floors,
    /// Those of them that are durable: what was received behind a gap is shown before it is.
    pub(super) durable_floors: Floors,
    /// Those of them that segments tell of. What is not among them begins in a log file.
    pub(super) sealed_floors: Floors,
}

/// The state of an open log.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) own: NodeId,
    pub(super) options: LogOptions,
    pub(super) cache: Arc<BlockCache>,
    pub(super) counters: Counters,
    heads: RwLock<Heads>,
    /// What readers see: the heads, and what was received and is being synced.
    shown: RwLock<Heads>,
    ceilings: RwLock<Arc<Ceilings>>,
    snapshot: RwLock<Arc<Snapshot>>,
    /// Events committed since the log was opened.
    position: AtomicU64,
    /// The log file that is being written; those before it can be sealed.
    active_sequence: AtomicU64,
}

impl Shared {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        own: NodeId,
        options: LogOptions,
        cache: Arc<BlockCache>,
    ) -> Self {
        Self {
            disk,
            own,
            options,
            cache,
            counters: Counters::default(),
            heads: RwLock::default(),
            shown: RwLock::default(),
            ceilings: RwLock::default(),
            snapshot: RwLock::default(),
            position: AtomicU64::new(0),
            active_sequence: AtomicU64::new(0),
        }
    }

    /// The files as they are now.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces the files by what `change` makes of them.
    pub(super) fn update<T>(&self, change: impl FnOnce(&mut Snapshot) -> T) -> T {
        let mut current = self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut current))
    }

    /// Looks at the heads of what is durable.
    pub(super) fn heads<T>(&self, look: impl FnOnce(&Heads) -> T) -> T {
        look(&self.heads.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the heads of what readers see.
    pub(super) fn shown<T>(&self, look: impl FnOnce(&Heads) -> T) -> T {
        look(&self.shown.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How far the streams of revoked authors are shown.
    pub(super) fn ceilings(&self) -> Arc<Ceilings> {
        self.ceilings
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sets how far they are shown from here on.
    pub(super) fn set_ceilings(&self, ceilings: Ceilings) {
        *self
            .ceilings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(ceilings);
    }

    /// From here on readers see the events up to these heads.
    pub(super) fn show(&self, changed: &Heads) {
        self.shown
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .absorb(changed);
    }

    /// Shows only what is durable: what was written before a failed sync may not be readable.
    pub(super) fn show_durable(&self) {
        let durable = self.heads(Heads::clone);
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = durable;
        self.update(|snapshot| snapshot.floors = snapshot.durable_floors.clone());
    }

    /// Publishes heads: the events up to them are durable, and readers see them.
    pub(super) fn publish(&self, changed: &Heads, events: u64) {
        self.heads
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .absorb(changed);
        self.show(changed);
        self.position.fetch_add(events, Ordering::Release);
    }

    /// How many events were committed since the log was opened.
    pub(super) fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// Says which log file is being written now.
    pub(super) fn activate(&self, sequence: u64) {
        self.active_sequence.store(sequence, Ordering::Release);
    }

    /// The log file that is being written.
    pub(super) fn active_sequence(&self) -> u64 {
        self.active_sequence.load(Ordering::Acquire)
    }

    /// Whether publishing may go on, or must wait for sealing.
    pub(super) fn has_room(&self) -> bool {
        self.snapshot().files.len() <= LOG_FILES_UNSEALED_MAX
    }

    /// How many events lie above the ceilings of their authors.
    fn quarantined(&self, snapshot: &Snapshot) -> u64 {
        let ceilings = self.ceilings();
        if ceilings.is_empty() {
            return 0;
        }
        let above = |(stream, head): (StreamId, &Head)| {
            let first = snapshot
                .floors
                .of(stream)
                .map_or(0, |floor| floor.first.get());
            let shown = ceilings.clamp(stream, head.last);
            let next = shown.map_or(0, |last| last.get() + 1);
            (head.last.get() + 1).saturating_sub(next.max(first))
        };
        self.shown(|heads| heads.iter().map(above).sum())
    }

    pub(super) fn stats(&self) -> LogStats {
        let snapshot = self.snapshot();
        let mut stats = LogStats {
            events_stored: snapshot
                .segments
                .iter()
                .map(|one| u64::from(one.events_count()))
                .sum(),
            log_bytes: snapshot.files.len() as u64 * LOG_FILE_BYTES,
            log_files: snapshot.files.len() as u64,
            segment_bytes: snapshot.segments.iter().map(|one| one.file_bytes()).sum(),
            segment_index_bytes: snapshot.segments.iter().map(|one| one.index_bytes()).sum(),
            segments: snapshot.segments.len() as u64,
            events_quarantined: self.quarantined(&snapshot),
            cache_hits: self.cache.hits(),
            cache_misses: self.cache.misses(),
            cache_bytes: self.cache.bytes(),
            ..LogStats::default()
        };
        let unsealed = snapshot
            .files
            .iter()
            .map(|file| u64::from(file.index().len()));
        stats.events_stored += unsealed.sum::<u64>();
        let indexes = snapshot.files.iter().map(|file| file.index());
        stats.index_bytes = indexes.map(|index| index.memory_bytes() as u64).sum();
        self.counters.fill(&mut stats);
        stats
    }
}
