//! Connections: how many there are, how long they may be silent or stalled, and how much of what
//! they send is held in memory.
//!
//! `seats` bounds how many connections there are, `inflow` what they send, `wire` is a socket that
//! keeps to both, `accept` takes connections and serves them.

mod accept;
mod inflow;
mod seats;
mod wire;

pub(crate) use accept::{Connection, serve};
pub(crate) use inflow::Reservoir;
pub(crate) use seats::Seats;
