//! The stage: networks made of namespaces, links and bridges, and the processes that live in them.

mod device;
mod folder;
mod interrupt;
mod ip;
mod leftovers;
mod namespace;
mod network;
mod process;
mod tap;
mod wait;
mod world;

pub(crate) use device::{Device, Offsets};
pub(crate) use folder::copy_folder;
pub(crate) use interrupt::{is_interrupted, watch_signals};
pub(crate) use leftovers::remove_leftovers;
pub(crate) use network::Host;
pub(crate) use wait::{PATIENCE, eventually, within};
pub(crate) use world::World;
