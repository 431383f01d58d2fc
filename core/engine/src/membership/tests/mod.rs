//! Tests of membership as its users see it, in a small swarm with known keys.

mod admission;
mod certificates;
mod decoders;
mod inviting;
mod judging;
mod pending;
mod renewing;
mod revoking;
pub(crate) mod swarm;
mod talk;
