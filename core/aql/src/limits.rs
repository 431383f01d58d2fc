//! Every bound of the language, with the reason for its value.
//!
//! Nothing in this module computes. A bound that is missing here does not exist.

/// Bytes of a query text: far above what people write, small enough to parse on any thread.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Parentheses and other constructs open at once: parser, printer, planner, evaluation and drop
/// recurse once per level, and 64 levels fit the smallest stacks we run on (512 KiB on phones).
pub const DEPTH_MAX: usize = 64;

/// Sub-queries inside each other: every level runs once per event of the level above, so the cost
/// is a product, and each needs several times the stack of an expression.
pub const SUB_QUERY_DEPTH_MAX: usize = 8;

/// Atoms of one query: each is a posting list that the index has to open at the same time.
pub const ATOMS_MAX: usize = 4096;

/// Stages of one query: every event walks through all of them.
pub const STAGES_MAX: usize = 64;

/// Lamports and stream numbers stay below 2^53, so that every language (JavaScript, JSON) holds
/// them exact.
pub const SEQUENCE_MAX: u64 = (1 << 53) - 1;

/// Greatest integer: what the unsigned integers of CBOR can hold.
pub const INTEGER_MAX: i128 = u64::MAX as i128;

/// Smallest integer: what payloads can hold, and every language has.
pub const INTEGER_MIN: i128 = i64::MIN as i128;

/// Arrays and objects inside each other: comparing, printing and dropping recurse once per level.
pub const VALUE_DEPTH_MAX: usize = 128;

/// Bytes of one value, shared parts counted as often as they appear: several times what an event
/// can hold, and a fraction of a node's memory. Comparing costs that much at most.
pub const VALUE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Different values that `DISTINCT` remembers, and different keys of `GROUP BY`: above what anyone
/// reads, and with values of the usual hundred bytes within a node's memory.
pub const GROUPS_MAX: usize = 64 * 1024;

/// Values that one event, or one flush, becomes at once: every group with four results and those
/// before taken back. Without it a few stages that make several values out of each fill any memory.
pub const VALUES_AT_ONCE_MAX: usize = 8 * GROUPS_MAX;

/// Characters of a value that a diagnostic repeats.
pub const SHOWN_CHARS_MAX: usize = 128;

/// Characters of the offending text that an error repeats: enough to recognise it on one line.
pub const FOUND_CHARS_MAX: usize = 32;

/// Characters of the source line that the caret view shows: the width of a terminal.
pub const EXCERPT_CHARS_MAX: usize = 80;
