//! `demo`: a small swarm on this machine, with events that come, for whoever has just the command.
//!
//! Its devices are nodes in this process, each with a folder of its own and the doors that a node
//! has that runs as a service; so all other commands can be tried on them. `device` opens one,
//! `line` is what happens on them, `latency` how fast that is seen, `place` where they are, `run`
//! puts them together, and takes them apart.

mod device;
mod latency;
mod line;
mod place;
mod run;

pub(crate) use run::{Demo, demo};
