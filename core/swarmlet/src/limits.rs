//! Every bound and period of the node, with the reason for its value.
//!
//! Nothing in this module computes. The bounds of events and of the log are the engine's.

use std::time::Duration;

/// Bytes of events that may wait to be written unless the options say otherwise: twice the largest
/// call, so that one can be encoded while another is written.
pub(crate) const QUEUE_BYTES_DEFAULT: u64 = 8 * 1024 * 1024;

/// What the options may say instead: a few events at least; room is counted in 32 bits.
pub(crate) const QUEUE_BYTES: (u64, u64) = (64 * 1024, 1024 * 1024 * 1024);

/// What the options may say about the block cache: some hundred blocks at least; more than 16 GiB
/// is a slip of the pen.
pub(crate) const CACHE_BYTES: (u64, u64) = (1024 * 1024, 16 * 1024 * 1024 * 1024);

/// Events read ahead for a reader that does not say how many it wants.
pub(crate) const CHUNK_EVENTS: usize = 256;

/// Events of the first read, and by how much later ones are larger: in a log of a million events
/// each of them may lie in a block of its own, and reading many keeps the first one waiting.
pub(crate) const CHUNK_EVENTS_FIRST: usize = 16;
pub(crate) const CHUNK_GROWTH: usize = 4;

/// Events read ahead at most: larger chunks do not cross into other languages any faster.
pub(crate) const CHUNK_EVENTS_MAX: usize = 4096;

/// Events of one read that leads to few results: a reader that is dropped meanwhile, or a node that
/// is closed, has to wait for it.
pub(crate) const READ_EVENTS_MAX: usize = 4096;

/// Bytes read ahead: what a reader costs that does not take. One event alone may be as large.
pub(crate) const CHUNK_BYTES_MAX: usize = 1024 * 1024;

/// How long a reader who does not read keeps its cursor, and with it files and memory of the log as
/// it was: beginning again costs a seek.
pub(crate) const CURSOR_UNUSED_MAX: Duration = Duration::from_secs(2);

/// How long nobody publishes until the end of the log is marked: marking every commit would
/// double the writes of a caller who publishes one event after the other.
pub(crate) const IDLE: Duration = Duration::from_millis(50);

/// How much may be lost to a power failure when `buffered` was chosen.
pub(crate) const SYNC_PERIOD: Duration = Duration::from_secs(1);

/// Committed bytes after which maintenance looks whether a log file is full: a fraction of a file.
pub(crate) const POKE_BYTES: usize = 1024 * 1024;

/// The largest run that the sync thread writes by itself, so that readers see it a change of thread
/// earlier: copying this much costs less than waking the writer thread does.
pub(crate) const WRITE_AT_ONCE_BYTES_MAX: usize = 16 * 1024;

/// How late retention by age may be.
pub(crate) const MAINTENANCE_PERIOD: Duration = Duration::from_secs(2);

/// How soon failed maintenance is tried again unless somebody waits for it.
pub(crate) const MAINTENANCE_RETRY: Duration = Duration::from_secs(1);

/// Peers and apps that are counted by name, those that come first; the others are counted together.
/// Monitoring keeps some dozen series for each.
pub(crate) const PEERS_NAMED_MAX: usize = 64;
pub(crate) const APPS_NAMED_MAX: usize = 64;

/// Streams whose forks are told apart when they are counted; of more, each report counts.
pub(crate) const FORKS_TOLD_APART_MAX: usize = 1024;

/// Frames that are read ahead of the sync thread, of all connections together: each is at most
/// 65 KiB, and peers send no more than they have credit for.
pub(crate) const FRAMES_AHEAD: usize = 64;

/// The largest frame of a session.
pub(crate) const FRAME_BYTES_MAX: usize = swarmlet_engine::sync::limits::FRAME_BYTES_MAX;

/// How often the sync machine looks at the clock: half of its shortest period.
pub(crate) const SYNC_TICK: Duration = Duration::from_millis(50);

/// How often a node that was opened without a usable network tries again: an address may come late
/// when a machine starts.
pub(crate) const NETWORK_RETRY: Duration = Duration::from_secs(2);

/// How often an issuer looks whether certificates are to be renewed: there are a hundred days.
pub(crate) const RENEWAL_PERIOD: Duration = Duration::from_secs(3600);

/// How often contacts are saved at most: they change when somebody moves, and can be learnt again.
pub(crate) const CONTACTS_KEPT_EVERY: Duration = Duration::from_secs(10);

/// How often the addresses at which this node was let in are dialled anew while no other is known:
/// each is tried again and again for ten minutes before it is forgotten.
pub(crate) const KNOCKED_EVERY: Duration = Duration::from_secs(60);

/// Connection keys that are remembered from admission until the connection is handed over: far more
/// than there are connections at a time.
pub(crate) const ADMITTED_MAX: usize = 256;

/// How long an invite is good unless said otherwise: long enough to walk to the device.
pub(crate) const INVITE_VALID: Duration = Duration::from_secs(24 * 3600);

/// Addresses in an invite: with more it would not fit a small QR code.
pub(crate) const HINTS_MAX: usize = 4;

/// Bytes of the format file: far above what any release writes, so that a foreign file of that
/// name is not read whole.
pub(crate) const FORMAT_BYTES_MAX: u64 = 4096;

/// Bytes read of a file at a time when it is stored: few system calls.
pub(crate) const BLOB_READ_BYTES: usize = 256 * 1024;

/// Small files of a folder that are synced together: a sync costs more than writing them, and not
/// even a mebibyte of them is in memory.
pub(crate) const BLOBS_KEPT_AT_ONCE: usize = 60;

/// Records of blobs that are looked at together: no peer who publishes many keeps the worker from
/// other work for long.
pub(crate) const BLOB_RECORDS_PER_LOOK: usize = 256;

/// How often that is done for one question: four thousand records of one blob are enough to find
/// one that the peer may read.
pub(crate) const BLOB_RECORDS_LOOKS_MAX: usize = 16;

/// Blobs to be held that are fetched at a time; the exchange has room for as many that users ask
/// for, many times over.
pub(crate) const BLOBS_HELD_AT_ONCE: usize = 1024;

/// Pieces of a part that are looked at between two jobs: a megabyte, some milliseconds.
pub(crate) const BLOB_PIECES_PER_CHECK: u32 = 16;

/// Blobs that are fetched at a time for peers who cannot reach those who have them: each may be
/// large, and takes room here until something else needs it.
pub(crate) const BLOBS_RELAYED_MAX: usize = 64;

/// Whole blobs kept open that peers fetch: each has two open files, and peers who fetch more at a
/// time wait for each other anyway.
pub(crate) const BLOBS_SERVED_OPEN_MAX: usize = 16;

/// Bytes written of a part until it is to be synced. The sync of an event waits until the disk has
/// them, so the fewer the sooner: with 4 MiB the p99 of live events was three times as long. A slow
/// disk has more of them in each sync: what is asked for during one is done in the next.
pub(crate) const BLOB_SYNC_BYTES: u64 = 1024 * 1024;

/// Threads that sync parts at the same time. On ext4 two are twice as fast as one, as they share a
/// commit of the journal, and more than four are hardly faster.
pub(crate) const BLOB_SYNCS_AT_ONCE: usize = 4;

/// Syncs of parts that wait for the disk, and parts that wait to become whole, each with two open
/// files; then receiving waits as well.
pub(crate) const BLOB_SYNCS_WAITING_MAX: usize = 16;

/// Parts that are kept at hand when nobody wants them, each with two open files: whoever reads one
/// range after the other does not have all of it looked at each time.
pub(crate) const BLOB_PARTS_UNUSED_MAX: usize = 16;

/// How often it is looked at again who holds the blobs of which so many devices, or those with some
/// labels, are to have copies: how late a copy may be made for one on a device that went away.
pub(crate) const BLOB_HOLDERS_PERIOD: Duration = Duration::from_secs(600);

/// How long a device that is away counts as one that holds its copies: longer than a night with its
/// tablets switched off would have every copy made again in the morning.
pub(crate) const BLOB_HOLDER_AWAY_MAX: Duration = Duration::from_secs(24 * 3600);

/// The same for one that was not met since this node was opened: it may have been away for long.
pub(crate) const BLOB_HOLDER_UNMET_MAX: Duration = Duration::from_secs(3600);

/// How often it is looked whether some record still keeps what is here. What is over goes when it
/// was so twice in a row.
pub(crate) const BLOBS_SWEEP_PERIOD: Duration = Duration::from_secs(600);

/// The bounds of that, when set.
pub(crate) const BLOBS_SWEEP_PERIODS: (Duration, Duration) =
    (Duration::from_millis(10), Duration::from_secs(24 * 3600));

/// Blobs of which it is known when they were read last, of some 50 bytes each.
pub(crate) const BLOB_USES_MAX: usize = 16 * 1024;

/// How often it is tried again to fetch what nobody had.
pub(crate) const BLOBS_WAKE_PERIOD: Duration = Duration::from_secs(10);

/// Blobs that are noted to be fetched later, of 32 bytes each; the log has the others.
pub(crate) const BLOBS_TO_HOLD_MAX: usize = 64 * 1024;
