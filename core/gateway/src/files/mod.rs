//! Files: bytes that every device of the swarm can have, by a name or by what they are.
//!
//! They are blobs of the node. `cid` is their ids as clients of the predecessor write them, `names`
//! what is said about which name means which of them, `media` what kind of bytes a file name
//! promises. `upload` takes files in, each by an `intake`, `listing` is what is in a folder,
//! `download` hands them out, `endpoint` answers, and `hosting` serves them as web pages.

mod cid;
mod download;
mod endpoint;
mod hosting;
mod intake;
mod listing;
pub(crate) mod media;
mod names;
mod upload;

pub(crate) use download::file as blob;
pub(crate) use endpoint::{name, prefetch, read, store, unname};
pub(crate) use hosting::host;
pub(crate) use intake::Intake;
