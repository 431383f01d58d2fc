//! What a process in a namespace does.

mod clock;
mod fetch;
mod load;
mod node;
mod random;
mod thief;
mod wiretap;

pub(crate) use node::run as node;
pub(crate) use wiretap::run as wiretap;
