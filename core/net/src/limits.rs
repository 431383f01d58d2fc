//! Every bound of this crate, with the reason for its value.

use std::time::Duration;

/// A connection on which nothing arrived for so long is dead. Three lost heartbeats of half a
/// second; shorter mistakes a busy tablet for a dead one, longer delays the redial after a cut.
pub const DEAD_AFTER: Duration = Duration::from_millis(1_500);

/// Heartbeats within [`DEAD_AFTER`], so that one may be late and another be lost.
pub const PULSES_PER_DEAD_TIME: u32 = 3;

/// Connections in all: enough neighbours for a mesh that survives the loss of a few, and few enough
/// for a phone to keep alive.
pub const CONNECTIONS_MAX: usize = 12;

/// Of the connections so many quarters may be opened to discovered and learnt addresses; the rest
/// is left for newcomers, who would otherwise find every place taken.
pub const OWN_DIALS_QUARTERS: usize = 3;

/// A frame: a batch of events with room; what a link may allocate for its peer.
pub const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// What is read of a TCP socket at once, a message of the encryption, which asks for 8 KiB at a
/// time.
pub const SOCKET_READ_BYTES: usize = 64 * 1024;

/// What one read asks for, so that many small frames cost one read: four pieces of yamux.
pub const READ_BYTES: usize = 64 * 1024;

/// What a sender copies together before it writes: more only costs memory, since the muxer cuts it
/// into pieces of 16 KiB anyway.
pub const WRITE_BYTES: usize = 256 * 1024;

/// A message of the admission: certificates and revocation proofs, both a few KiB.
pub const ADMISSION_MESSAGE_BYTES_MAX: usize = 32 * 1024;

/// Messages a side may send in an admission; joining with a token takes three.
pub const ADMISSION_MESSAGES_MAX: usize = 16;

/// Time for encryption and admission together: a slow device signs in milliseconds, the rest is
/// for a bad network.
pub const ADMISSION_TIME: Duration = Duration::from_secs(5);

/// How long a refusing side waits for the refused one to read why.
pub const ADMISSION_LINGER: Duration = Duration::from_millis(500);

/// What a refusing side reads and throws away meanwhile.
pub const ADMISSION_LINGER_BYTES: usize = 64 * 1024;

/// Connections in admission at a time: strangers cannot hold more of our memory than this times a
/// message, a handshake and what is read of a socket at once, together eight mebibytes.
pub const PENDING_INBOUND_MAX: usize = 64;

/// Time for a TCP connection or a QUIC handshake; a third of the world is 300 ms away, and the
/// kernel repeats a lost first packet after one second.
pub const DIAL_TIME: Duration = Duration::from_millis(1_800);

/// An address is dialled again after so long even if the last dial is still open: a packet lost
/// in a cut must not delay the first one after it.
pub const DIAL_AGAIN: Duration = Duration::from_millis(500);

/// Dials of one address at a time, as [`DIAL_TIME`] over [`DIAL_AGAIN`].
pub const DIALS_PER_ENDPOINT_MAX: u32 = 4;

/// Dials in all at a time: a book full of stale addresses must not become a port scan.
pub const DIALS_MAX: usize = 32;

/// Shortest time between two dials of an address that fails.
pub const REDIAL_MIN: Duration = Duration::from_millis(250);

/// Longest time between two dials of an address that fails.
pub const REDIAL_MAX: Duration = Duration::from_secs(5);

/// The time between two dials is the time since the first failure divided by this: 250 ms during
/// the first two seconds, five seconds after forty.
pub const REDIAL_DIVISOR: u32 = 8;

/// Time between the dials of several addresses of one lost peer: the first usually succeeds.
pub const REDIAL_STAGGER: Duration = Duration::from_millis(100);

/// A link that lived shorter is no success; its address is redialled as one that fails.
pub const LINK_STABLE_AFTER: Duration = Duration::from_secs(2);

/// A peer that has no place for us is dialled again after about so long: to hear from a part of
/// the swarm that nobody else tells of, and not to be a burden.
pub const LEAVE_PAUSE: Duration = Duration::from_secs(60);

/// Addresses known: those of a large swarm with two or three each.
pub const BOOK_ENDPOINTS_MAX: usize = 256;

/// A learnt or discovered address that failed for so long is forgotten.
pub const FORGET_AFTER: Duration = Duration::from_secs(600);

/// Events waiting for the user before the network waits too.
pub const EVENTS_WAITING_MAX: usize = 64;

/// A graceful close leaves the peer so much time to read what is on the way.
pub const CLOSE_TIME: Duration = Duration::from_millis(1_000);

/// An established connection without the stream is given up after so long.
pub const IDLE_TIME: Duration = Duration::from_secs(5);

/// A peer that takes none of our bytes for so long is dead, however much it sends.
pub const WRITE_STALL: Duration = Duration::from_secs(10);

/// Streams a peer may have open: the frames, the heartbeats, and room for a later protocol.
pub const STREAMS_MAX: usize = 8;

/// What a QUIC peer may send on a stream before we read it.
pub const QUIC_STREAM_BYTES: u32 = 2 * 1024 * 1024;

/// What a QUIC peer may send on a connection before we read it.
pub const QUIC_CONNECTION_BYTES: u32 = 4 * 1024 * 1024;

/// Target time of a discovery. Measured: eight simultaneous starts saw each other in 0.5 s.
pub const DISCOVERY_TAU: Duration = Duration::from_millis(500);

/// Announcements a second on the whole network, however many nodes there are.
pub const DISCOVERY_PHI: f32 = 20.0;

/// Labels remembered as seen; more nodes than one broadcast domain holds.
pub const DISCOVERY_LABELS_MAX: usize = 256;

/// A label seen is reported again after so long, since what it leads to may have been forgotten.
pub const DISCOVERY_REPEAT: Duration = Duration::from_secs(5);

/// Of two nodes that see each other one waits so long for the other to dial: a dial with room.
pub const DISCOVERY_YIELD: Duration = Duration::from_millis(150);

/// If nothing at all is heard for so long, not even our own announcement, discovery starts anew.
pub const DISCOVERY_CHECK: Duration = Duration::from_secs(30);

/// Addresses taken from one announcement: a device with several networks and both protocols.
pub const DISCOVERY_ADDRESSES_MAX: usize = 16;

/// The most that `frame_bytes_max` may be set to; the highest lengths are marks.
pub const FRAME_BYTES_HIGHEST: usize = 1024 * 1024 * 1024;

/// Time for a listener to have its first address.
pub const LISTEN_TIME: Duration = Duration::from_secs(5);

/// The driver does not look at its book more often.
pub const TICK_MIN: Duration = Duration::from_millis(5);

/// Connections of one peer while it is decided which is kept: one for each way to dial it.
pub const CONNECTIONS_PER_PEER_MAX: usize = 6;

/// How long an address in use is tried again.
pub const REBIND_TIME: Duration = Duration::from_secs(2);

/// Time between two such tries.
pub const REBIND_PAUSE: Duration = Duration::from_millis(25);
