//! The side of the person: from words to a request, to the node that answers it, to what is shown.
//!
//! `errand` is a request and what belongs to it here: how rows are shown, which files are read and
//! written, with the rights of the person. `source` reads those, `files` writes them, `folder` is
//! for folders of them, `unpack` for compressed ones, `converse` talks with a node, `reach` finds
//! it, `start` is where it begins and ends.

mod converse;
mod errand;
mod files;
mod folder;
mod input;
mod reach;
mod source;
mod start;
mod unpack;

pub(crate) use converse::first_row;
pub(crate) use errand::{Errand, Place};
pub(crate) use input::text;
pub(crate) use start::run;
