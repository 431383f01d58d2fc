//! Nodes on real sockets of the loopback, waiting for conditions with a deadline.

mod admission;
mod discovery;
mod frames;
mod node;
mod outages;
mod pairs;
mod proxy;
