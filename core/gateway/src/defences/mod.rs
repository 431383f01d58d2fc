//! What keeps web pages out that somebody's browser shows on this machine.
//!
//! A page of any site may send requests to this machine. `host` sees when it does that under a name
//! of its own, which it has made to mean this machine; `origin` when it says whose page it is.
//! `guard` looks at both before anything else does, and answers browsers that ask in advance.

mod guard;
mod host;
mod origin;

pub(crate) use guard::{SANDBOX, disarm, guard, own_pages_only};
pub(crate) use host::Hosts;
pub(crate) use origin::Origins;
