//! Blobs for Python.
//!
//! `handle` is the door, `policy` who holds what and how long, `reader` hands out bytes as they
//! come, `writer` takes them chunk by chunk; `items` is what else comes one after the other, and
//! `info` what Python is told.

mod handle;
mod info;
mod items;
mod policy;
mod reader;
mod writer;

pub(crate) use handle::Blobs;
pub(crate) use info::{
    blob_info, blob_info_of, blob_progress, blob_stat, blob_state, blob_usage, collection,
    saved_folder,
};
pub(crate) use items::BlobItems;
pub(crate) use reader::BlobReader;
pub(crate) use writer::BlobWriter;
