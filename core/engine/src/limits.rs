//! The bounds of the log and of events, with the reason for each value.
//!
//! Nothing in this module computes. Those of the swarm are in `membership::limits` and
//! `sync::limits`; a bound that is in none of the three does not exist.

/// Offsets and lamports stay below 2^53, so that every language, JavaScript too, holds them exact.
pub const SEQUENCE_MAX: u64 = (1 << 53) - 1;

/// How far a received lamport may lie ahead of our own clock: 2^40 events are 35 years at 1 000/s,
/// so an honest swarm never meets it, while one poisoned event cannot use up the 2^53.
pub const LAMPORT_JUMP_MAX: u64 = 1 << 40;

/// Bytes of one tag: tags are labels that end up in an index, not content.
pub const TAG_BYTES_MAX: usize = 1024;

/// Tags of one event: each one costs a posting.
pub const TAGS_PER_EVENT_MAX: usize = 256;

/// Bytes of an app id: a reverse DNS name is at most 253 bytes; one length byte holds it.
pub const APP_ID_BYTES_MAX: usize = 128;

/// Bytes of a stream name: it travels in the header of the first batch.
pub const STREAM_NAME_BYTES_MAX: usize = 64;

/// Bytes of one payload (CBOR): larger things are blobs.
pub const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;

/// Nesting of a payload: deeper values overflow recursive readers in some languages.
pub const PAYLOAD_DEPTH_MAX: usize = 128;

/// Events of one publish call, which commit together.
pub const PUBLISH_EVENTS_MAX: usize = 16 * 1024;

/// Encoded bytes of one publish call: with its headers it fits one write-ahead log file.
pub const PUBLISH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Events of one commit group, unless one call alone brings more.
pub const GROUP_EVENTS_MAX: usize = 4096;

/// Bytes of one commit group, unless one call alone brings more: a megabyte keeps the disk busy
/// and the wait of the first caller short.
pub const GROUP_BYTES_MAX: usize = 1024 * 1024;

/// Events of one batch: what a receiver has to hold before it can verify.
pub const BATCH_EVENTS_MAX: usize = PUBLISH_EVENTS_MAX;

/// Bytes of one run: what one signature vouches for is at most a publish and, sealed, the half
/// megabyte between two checkpoints before it. With its headers it fits one log file.
pub const RUN_BYTES_MAX: usize = 6 * 1024 * 1024;

/// Bytes of batches that are sent as one run where the author signed more often: one signature
/// is checked for all of them, and what has to be sent again after a lost connection stays small.
pub const RUN_BYTES_WANTED: usize = 256 * 1024;

/// Streams one node may author: names come from options, not from data, so this is a typo guard.
pub const OWN_STREAMS_MAX: u64 = 1024;

/// Bytes of one write-ahead log file: small enough that sealing stays cheap and that the metadata
/// of four unsealed files fits memory, large enough that a file switch is rare.
pub const LOG_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// Full log files waiting to be sealed before publishing waits for the sealer.
pub const LOG_FILES_UNSEALED_MAX: usize = 3;

/// Bytes of memory that the index of one log file may take before the log goes on in the next:
/// tiny events and tags that occur once cost more here than on disk. There are at most five of
/// these at a time, with the one that sealing makes of the oldest.
pub const LOG_FILE_INDEX_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes of decompressed blocks kept in memory unless the options say otherwise: a quarter of the
/// 64 MiB a node may use.
pub const CACHE_BYTES_DEFAULT: u64 = 16 * 1024 * 1024;

/// Adjacent segments of one size class that are merged into one: at most seven of each class
/// remain below the largest, so a query looks at few files, and an event is rewritten once per
/// class.
pub const MERGE_FAN_IN: usize = 8;

/// Events of a merged segment: merging keeps four bytes for each in memory.
pub const SEGMENT_EVENTS_MAX: u64 = 4 * 1024 * 1024;

/// Bytes of the segments that are merged into one: sealing waits for the merge that is under way,
/// and publishing for sealing, so it must be done in seconds; and it needs as much free disk.
pub const SEGMENT_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Share of a segment's bytes (one in this many) that must be droppable before retention
/// rewrites it: less would rewrite much to free little.
pub const RETENTION_REWRITE_SHARE: u64 = 4;

/// Droppable bytes, in all segments together, that make retention rewrite whatever their share in
/// one: a stream that is small beside others must not grow for ever.
pub const RETENTION_REWRITE_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes of decompressed blocks kept while a segment is looked at: it is read from front to back, a
/// few times.
pub const INSPECTION_CACHE_BYTES: u64 = 4 * 1024 * 1024;
