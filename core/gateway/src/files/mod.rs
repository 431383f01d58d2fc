//! Files: bytes that every device of the swarm can have, by a name or by what they are.
//!
//! They are blobs of the node. `cid` is their ids as clients of the predecessor write them, `names`
//! what is said about which name means which of them, `media` what kind of bytes a file name
//! promises. `children` is what is in a folder. `upload` takes files in, each by an `intake`,
//! `download` hands them out, `listing` shows folders, `endpoint` answers, and `hosting` serves
//! them as web pages.

mod children;
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
