//! Every bound of a sync session, with the reason for its value.

use std::time::Duration;

use crate::membership::limits::{DIRECTORY_BYTES_MAX, DIRECTORY_MAX};

/// Bytes of one frame: a chunk or a piece of a blob, and what is written around it. Larger ones are
/// refused unread.
pub const FRAME_BYTES_MAX: usize = CHUNK_BYTES_MAX + 4096;

/// Bytes of a run in one frame: a live event waits behind at most one of these.
pub const CHUNK_BYTES_MAX: usize = 64 * 1024;

/// Bytes that a peer may send before we have said that there is room again.
pub const CREDIT_BYTES: u64 = 512 * 1024;

/// Of these, what is kept for live events: backlog waits while less than this is left. Measured:
/// a quarter of a megabyte of backlog on the way keeps live events within milliseconds.
pub const CREDIT_LIVE_BYTES: u64 = 256 * 1024;

/// Bytes that wait in the connection before no more data is added; what is more waits in the log.
pub const UNSENT_BYTES_MAX: usize = 256 * 1024;

/// Bytes of frames that wait in a connection before the peer counts as one that asks and does not
/// read: all certificates there can be, and all heads, contacts and data beside them.
pub const QUEUED_BYTES_MAX: usize = DIRECTORY_BYTES_MAX + 8 * 1024 * 1024;

/// Bytes of runs that are not complete yet, of all peers together: one of the largest runs
/// always fits, however many peers send large ones at once.
pub const PARTIAL_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bytes of runs of one peer that wait to be stored before it is granted more: twice what the
/// writer commits at once, so that the disk is never idle because of it.
pub const STORING_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Streams that one peer may announce or want: each costs about 200 bytes.
pub const STREAMS_PER_PEER_MAX: usize = 16 * 1024;

/// Heads that a peer may ask to be shown at a time: forks are rare.
pub const SHOWN_MAX: usize = 64;

/// Streams announced in one frame: with names they fit it.
pub const HEADS_PER_FRAME_MAX: usize = 256;

/// Patterns of streams that a node may say it wants to hold.
pub const HOLDS_MAX: usize = 32;

/// Connections beyond the bound on them, for a moment: a newcomer is told where others are before
/// it is asked to leave.
pub const CONNECTIONS_RECEPTION: usize = 4;

/// Connections within the bound that are left to newcomers, and to those who still know of
/// others than we do.
pub const CONNECTIONS_SPARE: usize = 2;

/// Bytes of one address: the longest is one of QUIC over IPv6.
pub const ADDRESS_BYTES_MAX: usize = 64;

/// Addresses of one node: two protocols on four networks.
pub const ADDRESSES_MAX: usize = 8;

/// Contacts in one frame: with all their addresses they fit it.
pub const CONTACTS_PER_FRAME_MAX: usize = 64;

/// Contacts that are remembered, each of some hundred bytes: those of all members.
pub const CONTACTS_MAX: usize = DIRECTORY_MAX;

/// A node changes its contact no more often, and others do not follow it faster in the long run:
/// no member can make all others talk all the time.
pub const CONTACT_PERIOD: Duration = Duration::from_secs(1);

/// Changes of one contact that are taken at once: those of a cut of eight seconds.
pub const CONTACT_BURST: u32 = 8;

/// How often a node looks whether it has the neighbours that it should have.
pub const MEETING_PERIOD: Duration = Duration::from_millis(200);

/// How long a dial may take until the next address is dialled.
pub const DIAL_PATIENCE: Duration = Duration::from_secs(2);

/// How long a node that answers nowhere counts as down: the ring closes without it, and it is not
/// dialled in vain too often.
pub const DOWN_PAUSE: Duration = Duration::from_secs(10);

/// How long a node that has too many connections is left alone.
pub const CROWDED_PAUSE: Duration = Duration::from_secs(30);

/// After so long a peer that was asked to leave is cut off.
pub const CROWDED_TIME: Duration = Duration::from_secs(1);

/// How often new heads are announced to peers that do not get the events themselves: it bounds
/// how long a relay waits before it asks, and is what acknowledges.
pub const HEADS_PERIOD: Duration = Duration::from_millis(100);

/// How often the answers of a peer are held against our own streams: reading a batch ten times a
/// second for each peer and stream would be felt where batches are large.
pub const COMPARE_PERIOD: Duration = Duration::from_secs(1);

/// After so long without sending anything a node shows that it is alive; a third of what the
/// transport waits before it gives a connection up.
pub const PING_PERIOD: Duration = Duration::from_millis(500);

/// How often the round trip of a busy session is measured: often enough for a screen, and a few
/// bytes.
pub const ROUND_TRIP_PERIOD: Duration = Duration::from_secs(1);

/// After so long without a frame a session is closed, in case the transport did not notice.
pub const SILENCE_MAX: Duration = Duration::from_secs(5);

/// After so long without progress a stream is asked for from another peer that has it.
pub const STALL: Duration = Duration::from_secs(2);

/// How long a peer that has no more of a stream than we do is trusted to get more, while others
/// have it: longer than live events take to come over a relay.
pub const PATIENCE: Duration = Duration::from_millis(300);

/// How long a stream of which nothing is here does not begin in the middle while nobody has what
/// comes before: longer than it takes to meet the others after a start, as whoever has all of it
/// may be among them.
pub const GAP_PATIENCE: Duration = Duration::from_secs(1);

/// The same where a part of the stream is here: going on behind the gap hides that part for good,
/// and what was here is good enough to be looked at meanwhile. Longer than it takes a device on the
/// same network to restart and to be found, or to be dialled again after a long cut.
pub const GAP_PATIENCE_HELD: Duration = Duration::from_secs(30);

/// How much longer streams do not begin in the middle while a peer has not told yet what it has: so
/// many heads as a peer may have take a second or two on a slow link, and who never ends telling
/// keeps nobody waiting for ever.
pub const HEADS_PATIENCE: Duration = Duration::from_secs(10);

/// After so long a peer that could not give a stream is asked for it again.
pub const RETRY: Duration = Duration::from_secs(5);
