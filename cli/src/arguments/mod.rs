//! The words of the command line, and what is to be done for them.
//!
//! `front` is what all commands share, `refusal` what is said of words that are no command,
//! `command` the list of commands, `values` how single values are written; the other files are the
//! commands, by what they are about. `pages` writes their help into the documents.

mod blobs;
mod carry;
mod command;
mod events;
mod front;
mod node;
#[cfg(test)]
mod pages;
mod refusal;
mod settings;
mod subscribe;
mod swarm;
mod values;

pub(crate) use command::Task;
pub(crate) use front::{Arguments, Global};
pub(crate) use refusal::read;
