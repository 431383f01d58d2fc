//! The node that runs until it is told to stop: the process that `swarmlet run` is.
//!
//! `open` makes a node of a folder, `socket` is where commands find it, `commands` answers them,
//! `gateway` is where apps find it, `log` is what it says, `signals` end it, `run` puts them
//! together and takes them apart.

#[cfg(unix)]
mod commands;
mod gateway;
mod log;
mod open;
mod run;
mod signals;
mod socket;

#[cfg(unix)]
pub(crate) use commands::Commands;
pub(crate) use gateway::open as open_gateway;
pub(crate) use log::start as start_log;
pub(crate) use open::{is_data_folder, open, open_with, while_locked};
pub(crate) use run::run;
pub(crate) use signals::Signals;
#[cfg(unix)]
pub(crate) use socket::Socket;
pub(crate) use socket::connect;
