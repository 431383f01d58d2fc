//! Every bound of blobs, with the reason for its value.

/// Bytes of a blob: far more than a device stores. It bounds what is noted of one that is fetched
/// to two mebibytes.
pub const BLOB_BYTES_MAX: u64 = 1 << 40;

/// Bytes of a piece: it fits a frame of sync with the hashes that prove it, and a live event waits
/// behind a few of them at most.
pub const PIECE_BYTES: u64 = 64 * 1024;

/// Bytes that have one hash of their own. A smaller group costs more hashes on disk and on the
/// wire, a larger one more to check for a few bytes.
pub const GROUP_BYTES: u64 = 16 * 1024;

/// Bytes of an encoded piece: four groups, three pairs of hashes between them, and one for each of
/// the 24 levels above a piece in the largest blob.
pub const ENCODED_PIECE_BYTES_MAX: usize = PIECE_BYTES as usize + (3 + 24) * 64;

/// Bytes read at a time when an import is hashed: few system calls.
pub const IMPORT_READ_BYTES: usize = 256 * 1024;

/// Bytes of the path of a file in which a blob stays: what Windows allows, the longest of all.
pub const REFERENCE_PATH_BYTES_MAX: usize = 3 * 32 * 1024;

/// Bytes of the disk that no fetched blob takes: the log goes on, and the device works.
pub const FREE_BYTES_KEPT: u64 = 256 * 1024 * 1024;

/// Pieces of a blob that are written until it is looked again whether there is room: a mebibyte,
/// which is little of what is kept.
pub const PIECES_PER_ROOM_CHECK: u64 = 16;

/// Bytes of the name of a blob: what filesystems allow for that of a file.
pub const BLOB_NAME_BYTES_MAX: usize = 255;

/// Bytes of a media type: twice 127 as RFC 6838 recommends, and some for parameters.
pub const MEDIA_TYPE_BYTES_MAX: usize = 512;

/// Devices that are to hold a blob, counted: as many as a swarm has members.
pub const HOLD_COPIES_MAX: u16 = 4096;

/// Labels that say who holds a blob: as many as a certificate has.
pub const HOLD_LABELS_MAX: usize = 16;

/// Bytes of the key of a label, and of its value, as in certificates.
pub const HOLD_LABEL_BYTES_MAX: usize = 64;

/// Tags by which the next of a blob is known: each is looked for when it may have come.
pub const KEEP_TAGS_MAX: usize = 16;

/// Files of a collection: with their records they are published in one call, of 4 MiB at most.
pub const COLLECTION_FILES_MAX: usize = 8 * 1024;

/// Bytes of a path in a collection: what systems allow for a path is little more.
pub const COLLECTION_PATH_BYTES_MAX: usize = 1024;

/// Bytes of the text of a collection: all files with paths of 900 bytes. It is read into memory.
pub const COLLECTION_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Names in a path of a collection: folders in folders are walked, and nobody has so many.
pub const COLLECTION_DEPTH_MAX: usize = 64;

/// Bytes of a blob that is kept in a pack with others: one group, so that its id alone proves it
/// and it needs no file of hashes. Larger ones are worth a file of their own.
pub const PACKED_BYTES_MAX: u64 = GROUP_BYTES;

/// Bytes of a pack: a thousand blobs and more have one file, and all of it is read and proven
/// within some milliseconds.
pub const PACK_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What share of a pack is moved out of it before others have their turn: a quarter.
pub const PACK_TIDY_SHARE: u64 = 4;

/// Packs that ended early, as one does with each process that stores: more of them are joined.
pub const PACKS_SHORT_MAX: usize = 4;
