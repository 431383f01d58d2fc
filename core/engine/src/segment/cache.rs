//! The block cache: decompressed blocks and pages of all segments, within one bound of bytes.
//!
//! It never reads a file; [`super::file::SegmentFile`] asks it first and fills it. It also keeps
//! the decompression contexts, which are costly to make and used for microseconds.

use std::fmt;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};
use zstd::dict::DecoderDictionary;
use zstd::zstd_safe::DCtx;

/// Keeps what was read last from segments, up to a bound; shared by all readers.
///
/// A scan does not drive out what is used again and again.
pub struct BlockCache {
    entries: Cache<CacheKey, Cached, ByBytes, Deterministic>,
    contexts: Mutex<Vec<DCtx<'static>>>,
    segments: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl BlockCache {
    /// A cache of at most `bytes_max` decompressed bytes.
    #[must_use]
    pub fn new(bytes_max: u64) -> Self {
        let items = usize::try_from(bytes_max / ENTRY_BYTES_TYPICAL).unwrap_or(usize::MAX);
        let entries = Cache::with(
            items.clamp(ITEMS_MIN, ITEMS_MAX),
            bytes_max,
            ByBytes,
            Deterministic::default(),
            DefaultLifecycle::default(),
        );
        Self {
            entries,
            contexts: Mutex::new(Vec::new()),
            segments: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// How many reads found what they wanted.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// How many reads went to the disk.
    #[must_use]
    pub fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }

    /// Bytes kept now.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.entries.weight()
    }

    /// A number for a segment just opened, so that a file replaced under its name is another one.
    pub(super) fn next_segment(&self) -> u64 {
        self.segments.fetch_add(1, Ordering::Relaxed)
    }

    /// What is kept of `position` in `segment`.
    pub(super) fn find(&self, segment: u64, position: u64) -> Option<Cached> {
        let found = self.entries.get(&(segment, position));
        let counter = if found.is_some() {
            &self.hits
        } else {
            &self.misses
        };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// Keeps `entry` until there is no room for it.
    pub(super) fn keep(&self, segment: u64, position: u64, entry: Cached) {
        self.entries.insert((segment, position), entry);
    }

    /// Lends a decompression context.
    pub(super) fn with_context<T>(&self, use_it: impl FnOnce(&mut DCtx<'static>) -> T) -> T {
        let lent = self
            .contexts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut context = lent.unwrap_or_else(DCtx::create);
        let outcome = use_it(&mut context);
        let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        if contexts.len() < CONTEXTS_MAX {
            contexts.push(context);
        }
        outcome
    }
}

impl fmt::Debug for BlockCache {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("BlockCache")
            .field("bytes", &self.bytes())
            .field("hits", &self.hits())
            .field("misses", &self.misses())
            .finish_non_exhaustive()
    }
}

/// What the cache keeps.
#[derive(Clone)]
pub(super) enum Cached {
    /// The content of a frame.
    Content(Bytes),
    /// A dictionary ready for use.
    Dictionary(Arc<DecoderDictionary<'static>>),
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<CacheKey, Cached> for ByBytes {
    fn weight(&self, _key: &CacheKey, entry: &Cached) -> u64 {
        let bytes = match entry {
            Cached::Content(bytes) => bytes.len() as u64,
            Cached::Dictionary(_) => DICTIONARY_BYTES,
        };
        bytes + ENTRY_BYTES_OVERHEAD
    }
}

type CacheKey = (u64, u64);
type Deterministic = BuildHasherDefault<DefaultHasher>;

const ENTRY_BYTES_TYPICAL: u64 = 4 * 1024;
const ENTRY_BYTES_OVERHEAD: u64 = 96;
/// A prepared dictionary: its tables, and its content.
const DICTIONARY_BYTES: u64 = 27 * 1024 + 16 * 1024;
const ITEMS_MIN: usize = 64;
const ITEMS_MAX: usize = 1024 * 1024;
/// As many as threads decompress at one time; one has 160 KiB.
const CONTEXTS_MAX: usize = 8;
