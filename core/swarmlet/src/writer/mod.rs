//! The writing side of a node: callers stand in line, queue, and are written in groups.
//!
//! [`Writer`] is the door; `line` bounds what is queued, `queue` says what comes next, `commit`
//! carries it out, `begun` is what is on its way. Sits above the engine's log, which forms batches.

mod begun;
mod commit;
mod line;
mod queue;

pub(crate) use commit::Writer;
pub(crate) use queue::{Landed, Stored};
