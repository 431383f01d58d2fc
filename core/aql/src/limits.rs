//! Every bound of the language, with the reason for its value.
//!
//! Nothing in this module computes. A bound that is missing here does not exist.

/// Bytes of a query text: far above what people write, small enough to parse on any thread.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Parentheses and other constructs open at once: parser, printer, planner and drop recurse once
/// per level, and 64 levels fit the smallest stacks we run on (512 KiB on phones).
pub const DEPTH_MAX: usize = 64;

/// Atoms of one query: each is a posting list that the index has to open at the same time.
pub const ATOMS_MAX: usize = 4096;

/// Stages of one query: every event walks through all of them.
pub const STAGES_MAX: usize = 64;

/// Lamports and stream numbers stay below 2^53, so that every language (JavaScript, JSON) holds
/// them exact.
pub const SEQUENCE_MAX: u64 = (1 << 53) - 1;

/// Characters of the offending text that an error repeats: enough to recognise it on one line.
pub const FOUND_CHARS_MAX: usize = 32;

/// Characters of the source line that the caret view shows: the width of a terminal.
pub const EXCERPT_CHARS_MAX: usize = 80;
