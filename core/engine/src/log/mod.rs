//! The log: the one place where events are kept, and the only truth.
//!
//! [`Log`] writes: it turns what callers publish into signed batches, appends them to the
//! write-ahead log and syncs once a group. [`LogReader`] reads: it merges sealed segments with
//! what is not sealed yet. [`Maintenance`] seals, merges and drops in the background. All three
//! share one immutable snapshot of which files exist; readers never wait for the disk of writers.
//!
//! Nothing here starts a thread or asks for the time. The byte map is in
//! docs/format/write-ahead-log.md.

mod append;
mod assemble;
mod ceilings;
mod commit;
mod cursor;
mod explain;
mod frame;
mod heads;
mod inspect;
mod log_file;
mod maintenance;
mod options;
mod publish;
mod query;
mod reader;
mod receive;
mod recover;
mod rescue;
mod retention;
mod runs;
mod scan;
mod shared;
mod stats;
#[cfg(test)]
mod tests;
mod unsealed;
mod unsealed_cursor;

pub use ceilings::Ceilings;
pub use commit::{Committed, Log};
pub use cursor::Cursor;
pub use explain::SourceReport;
pub use inspect::{FileReport, Inspection, StreamRange};
pub use maintenance::{Maintenance, Work};
pub use options::{Durability, LogOptions, Retention, Route};
pub use publish::{Publish, Published};
pub use query::{Order, Query};
pub use reader::{LogReader, StreamHead, StreamInfo};
pub use receive::Received;
pub use runs::EncodedRun;
pub use stats::LogStats;
