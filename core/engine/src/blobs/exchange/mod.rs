//! Exchange: what two nodes say to each other to move pieces of blobs.
//!
//! Pure: [`Exchange`] takes frames and the time, and says what to send, to look up, to encode and
//! to store. It never sees the disk and never checks a piece: whoever stores one says whether it
//! was proven. From below: `frame` (bytes) with `listing` (which pieces somebody has), `pace` (how
//! much is asked of one peer at a time), `pause` (how long what failed is left alone), `session`
//! (one peer), `want` (one blob that is wanted, and who has it), `machine` (all of them) with its
//! parts `asking`, `choice`, `fetching`, `serving`.
//! Beside them: `memory`, which says how much all of it holds.
//! The byte map is in docs/format/blob.md.

mod asking;
mod choice;
mod fetching;
mod frame;
mod input;
pub mod limits;
mod listing;
mod machine;
mod memory;
mod pace;
mod pause;
mod serving;
mod session;
mod want;

pub use input::{Held, Input, Offer, Outcome, Output, Terms};
pub use machine::Exchange;
pub use memory::Holding;

#[cfg(test)]
mod tests;
