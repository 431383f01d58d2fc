//! Tests of the exchange: one machine and peers played by hand, then swarms of machines.

mod bench;
mod fetching;
mod pacing;
mod pausing;
mod relaying;
mod rights;
mod seeking;
mod serving;
mod swarm;
mod wicked;
