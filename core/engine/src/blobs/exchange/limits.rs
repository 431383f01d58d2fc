//! Every bound of the exchange, with the reason for its value.

use std::time::Duration;

use crate::blobs::limits::{BLOB_BYTES_MAX, ENCODED_PIECE_BYTES_MAX, PIECE_BYTES};

/// Bytes of one frame: an encoded piece, its blob and its number.
pub const FRAME_BYTES_MAX: usize = 1 + 32 + 4 + ENCODED_PIECE_BYTES_MAX;

/// Pieces of the largest blob.
pub const PIECES_MAX: u32 = (BLOB_BYTES_MAX / PIECE_BYTES) as u32;

/// Blobs that are wanted at a time, each of some hundred bytes and two bits for each of its pieces.
pub const WANTED_MAX: usize = 16 * 1024;

/// Of these, how many are asked for at a time: more than pieces are outstanding, so that small
/// blobs do not wait for each other. The rest wait for their turn.
pub const ACTIVE_MAX: usize = 256;

/// Blobs that one peer may ask for at a time: those asked for, and as many that readers wait for,
/// which need not wait for a turn. Each costs a hundred bytes here, and half a kibibyte there.
pub const ASKED_MAX: usize = 2 * ACTIVE_MAX;

/// Ranges of pieces in one answer. Who fetches in order has few; who has more is asked again from
/// where the answer ends.
pub const RANGES_MAX: usize = 64;

/// Ranges that readers of one blob wait for; what is more comes in order.
pub const FIRST_MAX: usize = 16;

/// Pieces outstanding of all peers together, asked for or being stored: four mebibytes of memory.
pub const OUTSTANDING_MAX: usize = 64;

/// Pieces asked of a peer that was not measured yet: one is on the way while the other is stored.
pub const WINDOW_START: u32 = 2;

/// Pieces asked of one peer at a time: two mebibytes fill a link of a gigabit a second whose round
/// trip takes 16 ms.
pub const WINDOW_MAX: u32 = 32;

/// Pieces that a peer may have asked for without an answer: twice the window, so that a later
/// release may ask for more.
pub const FETCHES_MAX: usize = 64;

/// How much longer than the shortest a piece may take before less is asked for: half of what
/// RFC 6817 (LEDBAT) allows at most, as live events share the link.
pub const DELAY_TARGET: Duration = Duration::from_millis(50);

/// How long the shortest time is remembered, once over at most: a path that became longer is no
/// longer measured against what it was. RFC 6817 keeps minima of minutes as well.
pub const DELAY_PERIOD: Duration = Duration::from_secs(60);

/// After so long a piece is late at the earliest, and asked of another peer too: several times
/// what a piece takes over a poor link.
pub const LATE_MIN: Duration = Duration::from_secs(2);

/// After so long a piece is late in any case.
pub const LATE_MAX: Duration = Duration::from_secs(10);

/// So few pieces of a blob are its end: all of them together are half a mebibyte to waste.
pub const END_PIECES: u32 = 8;

/// After so long a piece of the end is asked of another peer too: as long as a person waits
/// without noticing.
pub const END_PATIENCE: Duration = Duration::from_millis(250);

/// Of so many missing pieces on others are asked for a blob than those who should have it: a
/// mebibyte takes longer to send than a question.
pub const FOR_ALL_PIECES: u32 = 16;

/// Sizes of one blob that are put to the test at a time. Of honest peers there is one.
pub const CLAIMS_MAX: usize = 4;

/// After so long a peer that did not answer counts as one that has not got the blob.
pub const ASK_PATIENCE: Duration = Duration::from_secs(5);

/// After so long a peer that has nothing we miss is asked again: it tells of what is new by
/// itself, so this is for what it forgot or was not allowed before.
pub const ASK_PERIOD: Duration = Duration::from_secs(10);

/// How long a peer counts as one that wants a blob fetched for it after it has said so: it says so
/// every ten seconds, and two of these may be late.
pub const SOUGHT_PATIENCE: Duration = Duration::from_secs(30);

const _: () = assert!(SOUGHT_PATIENCE.as_millis() > 2 * ASK_PERIOD.as_millis());

/// Answers of a peer, one after the other, that may have nothing we miss until it counts as one
/// that has nothing: thousands of ranges behind the first piece that is missing.
pub const LISTINGS_MAX: u32 = 64;

/// How long a peer that refuses a piece is not asked for pieces of that blob, at first; twice as
/// long each time until a piece of it comes. Longer than a turn, so that one who offers and refuses
/// does not keep the turn of a blob for ever.
pub const REFUSED_PAUSE: Duration = Duration::from_secs(2);

/// How long at most: one that has mended its disk is asked again within a minute, and one that
/// never gives anything costs a few frames a minute.
pub const REFUSED_PAUSE_MAX: Duration = Duration::from_secs(60);

const _: () = assert!(REFUSED_PAUSE.as_millis() > TURN.as_millis());

/// How long nothing of a blob is asked for when this node could not store a piece of it, at first;
/// twice as long each time until one is stored. Longer than a turn, so that others get the turn.
pub const STORE_PAUSE: Duration = Duration::from_secs(2);

/// How long at most: who has made room on the disk need not wait for longer than half a minute,
/// and a thousand blobs that cannot be stored cost two mebibytes a second.
pub const STORE_PAUSE_MAX: Duration = Duration::from_secs(30);

const _: () = assert!(STORE_PAUSE.as_millis() > TURN.as_millis());

/// How long a blob that nobody has, or that cannot be stored here, keeps its turn while others wait
/// for one: all peers have had the time to answer.
pub const TURN: Duration = Duration::from_secs(1);

/// Blobs that a peer may lie about before the session ends.
pub const LIES_MAX: usize = 16;

/// How often peers are told of more pieces: a frame of half a kibibyte twice a second.
pub const HAVE_PERIOD: Duration = Duration::from_millis(500);

/// Lookups for one peer at a time: an answer is a small read.
pub const LOOKUPS_MAX: usize = 8;

/// Pieces that are encoded at a time, for all peers: a mebibyte of memory.
pub const ENCODES_MAX: usize = 16;

/// Pieces for one peer that are encoded, or being encoded, before the link can take them: half a
/// mebibyte, so that the link need not wait for the disk.
pub const AHEAD_MAX: usize = 8;

/// Further ones are encoded when so few are left, several at a time: a change from one thread to
/// the other costs as much as hashing a piece.
pub const AHEAD_LOW: usize = AHEAD_MAX / 2;

/// Bytes that wait on a link while no further piece is given to it: two pieces, so that the link is
/// never idle and live events overtake the rest. They wait behind less than these and one more.
pub const UNSENT_BYTES_MAX: usize = 2 * PIECE_BYTES as usize;
