//! The node that runs until it is told to stop: the process that `swarmlet run` is.
//!
//! `open` makes a node of a folder, `socket` is where commands find it, `commands` answers them,
//! `gateway` is where apps find it, `log` is what it says, `run` puts them together and takes them
//! apart.

#[cfg(unix)]
mod commands;
mod gateway;
mod log;
mod open;
mod run;
mod socket;

pub(crate) use open::{is_data_folder, open, while_locked};
pub(crate) use run::run;
pub(crate) use socket::connect;
