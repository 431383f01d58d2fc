//! Blobs in a simulated swarm: the real store on a simulated disk and the real exchange, with what
//! a node does between the two, and somebody who lies.
//!
//! From below: `shelf` (the bytes of a run), `there` (a second reader of the folder), `lying`,
//! `folder` (what outlives a restart), `telling` (the trace), `side` with `worker` (what a running
//! node has), `device` (what joins them with its sync), `reading`, `shaking` (what befalls them)
//! and `checks` (what must hold in the end).

mod checks;
mod device;
mod folder;
mod lying;
mod reading;
mod shaking;
mod shelf;
mod side;
mod telling;
mod there;
mod worker;

pub(crate) use device::{Happened, Opened};
pub(crate) use folder::BlobFolder;
pub(crate) use shaking::Blobbing;
pub(crate) use side::BlobSide;
