//! How a command and a node talk: bounded frames in both directions, over a socket in the data
//! folder or over memory. It knows no request and no row.
//!
//! `frame` is the bytes, `link` the end of the node, `serve` one conversation there. The end of the
//! person is `ask`.

mod frame;
mod link;
mod serve;

pub(crate) use frame::{Frame, Sort, read_frame, write_frame};
pub(crate) use link::{Link, Part, Progress};
pub(crate) use serve::{Opening, refuse, serve};
