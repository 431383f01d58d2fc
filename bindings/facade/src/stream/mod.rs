//! The one way to stream events into another language: look whether there is something, then take.
//!
//! Looking can be waited for and consumes nothing, taking never waits. So a wait that is cancelled,
//! as languages with timeouts do all the time, cannot lose an event that was already on its way.
//!
//! A task on the runtime (`pump`) reads ahead into a bounded buffer (`outputs`, or `queue` for what
//! is no output), or keeps the newest of what changes (`latest`); all are a state that shows
//! something or not (`shown`).
//! `handle` is what bindings hold, `taken` what they hand out of it one by one.

mod handle;
mod latest;
mod outputs;
mod pump;
mod queue;
mod shown;
mod taken;

pub use handle::{Changes, Stream};
pub(crate) use queue::{QUEUE_BYTES_MAX, Source};
pub use queue::{Queue, Weigh};
pub use shown::{Buffer, Readiness, Ticket};
pub use taken::Taken;
