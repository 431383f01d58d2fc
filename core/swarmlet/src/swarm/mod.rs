//! The node in its swarm: who it is there, whom it lets in, and keeping in sync with the others.
//!
//! The engine decides what is admitted, sent and stored, `core/net` moves bytes; this connects the
//! two with the log and the user. From below: `status`, `network` and `root_key` (values),
//! `membership` and `vault` (what is kept), `gatehouse` (shared state), `conversation` (admission),
//! `whereabouts` (who is where), `branches` and `rescue` (what was written twice at one place),
//! `blobs` (large bytes), `arrival` (how long events took), `link` and `thread` (sessions),
//! `start`, `handle` (the door for users).

mod arrival;
mod blobs;
mod branches;
mod conversation;
mod entropy;
mod gatehouse;
mod handle;
mod happening;
mod link;
mod membership;
mod network;
mod rescue;
mod rights;
mod root_key;
mod start;
mod status;
mod thread;
mod vault;
mod whereabouts;

pub(crate) use gatehouse::Gatehouse;
pub use handle::{Founded, InviteOptions, MemberInfo, Swarm};
pub use network::Network;
pub(crate) use network::NetworkSettings;
pub use root_key::RootKey;
pub(crate) use start::SwarmSide;
pub use status::{Peer, SwarmStatus};
pub(crate) use vault::Vault;
