//! Membership: who is in the swarm, who says so, and what each member may do.
//!
//! Root keys name issuers, issuers let members in, and every node judges certificates, revocations
//! and proofs offline by its [`Authority`]. [`Handshake`] and [`Joining`] are the exchange of a new
//! connection before anything else. Nothing here asks a clock, a socket, a disk or for entropy;
//! times, random bytes and signers are passed in. It stands on `event` and knows nothing of logs
//! and sessions. The bytes are in docs/format/membership.md.

mod authority;
mod base32;
mod capabilities;
mod cbor;
mod certificate;
mod chain;
mod denial;
mod directory;
mod grant;
mod handshake;
mod invitations;
mod invite;
mod joining;
pub mod limits;
mod message;
mod name;
mod pattern;
mod pending;
mod proof;
mod registrar;
mod revocation;
mod revocations;
mod root_set;
mod signed;
mod swarm_id;
mod time_floor;

pub use authority::{Authority, Member};
pub use capabilities::{Capabilities, Right};
pub use certificate::{Certificate, Claims, Role};
pub use chain::Chain;
pub use denial::Denial;
pub use directory::Directory;
pub use grant::Grant;
pub use handshake::{Door, Handshake, Step, Then};
pub use invitations::{Invitations, InviteTerms};
pub use invite::{Invite, InviteFault, InviteId};
pub use joining::{Joined, Joining, Ticket};
pub use name::Name;
pub use pattern::StreamPattern;
pub use pending::PendingDevice;
pub use registrar::Registrar;
pub use revocation::{Revocation, Withdrawal};
pub use revocations::{Ceiling, Revocations};
pub use root_set::RootSet;
pub use swarm_id::SwarmId;
pub use time_floor::TimeFloor;

#[cfg(test)]
pub(crate) mod tests;
