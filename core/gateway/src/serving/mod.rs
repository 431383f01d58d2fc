//! Connections: how many there are, how long they may be silent or stalled, and how much of what
//! they send is held in memory.
//!
//! `seats` bounds how many connections there are, `inflow` what they send, `outflow` what waits to
//! be sent to them, with a `reservoir` that all share for each; `wire` is a socket that keeps to
//! these, `pace` is for what is sent for long, `accept` takes connections and serves them.

mod accept;
mod inflow;
mod outflow;
mod pace;
mod reservoir;
mod seats;
mod wire;

pub(crate) use accept::{Connection, serve};
pub(crate) use outflow::{Outflow, Room, Sending};
pub(crate) use pace::Pace;
pub(crate) use reservoir::Reservoir;
pub(crate) use seats::Seats;
