//! The one way to stream events into another language: look whether there is something, then take.
//!
//! Looking can be waited for and consumes nothing, taking never waits. So a wait that is cancelled,
//! as languages with timeouts do all the time, cannot lose an event that was already on its way.
//!
//! A task on the runtime (`pump`) reads ahead into a bounded buffer (`buffer`); `handle` is what
//! bindings hold.

mod buffer;
mod handle;
mod pump;

pub use buffer::{Readiness, Ticket};
pub use handle::Stream;
