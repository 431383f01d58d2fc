//! Carries requests out on an open node: the one handler, for the service and for single commands.
//!
//! It gives rows and never text; it opens no file of the person, and knows no terminal. `host`
//! says what answers which request, `rows` is how events become rows, `records` what is imported
//! (`lines` and `dump` are its two forms, `resume` finds what is in already), the others are what
//! is asked for.

mod blobs;
mod dropped;
mod dump;
mod events;
mod export;
mod host;
mod import;
mod lines;
mod offsets;
mod page;
mod records;
mod resume;
mod rows;
mod settings;
mod status;
mod subscribe;
mod swarm;

pub(crate) use host::{GatewayState, Host, Standing, answer};
