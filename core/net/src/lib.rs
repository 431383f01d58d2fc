//! How nodes find and reach each other: bytes in, bytes out.
//!
//! [`Net`] finds other nodes (static, announced and learnt addresses), reaches them over TCP or
//! QUIC, admits them by a [`Handshake`] that it does not understand, and hands over one [`Link`] a
//! peer: a long-lived stream of frames in both directions. It knows no events, no certificates and
//! no queries, and has no global state: many nodes live in one process.
//!
//! Floors, from below: [`limits`], [`PeerKey`], [`Endpoint`], [`NetError`]; the admission and the
//! dead man's timer; the transports; the book of addresses and the roster of connections, which are
//! pure; the behaviour that libp2p drives; the driver, which is the one task that owns it all.

#![forbid(unsafe_code)]

mod admission;
mod behaviour;
mod book;
mod cause;
mod cork;
mod deadman;
mod discovery;
mod driver;
mod endpoint;
mod error;
mod event;
mod frame;
mod gate;
mod handler;
mod key;
mod latch;
pub mod limits;
mod link;
mod net;
mod options;
mod pulse;
#[cfg(feature = "quic")]
mod quic;
mod roster;
mod transport;

pub use endpoint::{Endpoint, EndpointError, Protocol};
pub use error::NetError;
pub use event::NetEvent;
pub use gate::{Gate, Handshake, Step, Then};
pub use key::PeerKey;
pub use link::{Link, LinkReceiver, LinkSender};
pub use net::Net;
pub use options::Options;
