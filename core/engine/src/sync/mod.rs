//! Sync: what two nodes say to each other so that both end with the same log.
//!
//! Pure: [`Sync`] takes frames, commits and the time, and says what to send and to store. It knows
//! nothing of sockets; whoever gives it a connection has admitted the peer. From below: `frame`
//! (bytes), `outgoing` and `incoming` (the two directions of data, each bounded by credit),
//! `session` (one peer), `machine` (all of them) with its parts `greeting`, `receiving`, `sending`,
//! `choice` and `status`. Beside them: `forks` (who wrote what twice), `contact` and `contacts`
//! (who is where), `overlay` (who is connected with whom), `meeting`, which acts on both, and
//! `memory`, which says how much all of it holds.
//! The byte map is in docs/format/sync.md.

mod choice;
mod contact;
mod contacts;
mod forks;
mod frame;
mod gaps;
mod greeting;
mod incident;
mod incoming;
mod input;
pub mod limits;
mod machine;
mod meeting;
mod members;
mod memory;
mod outgoing;
mod overlay;
mod receiving;
mod sending;
mod session;
mod status;
mod tally;

pub use contact::{Address, Contact};
pub use frame::{Chunk, Concern, Frame, HeadEntry, Hello};
pub use incident::{CloseReason, Incident};
pub use input::{Input, Output, Receipt, SessionId};
pub use machine::{Sync, SyncOptions};
pub use members::Members;
pub use memory::Holding;
pub use status::PeerStatus;
pub use tally::Tally;

#[cfg(test)]
mod tests;
