//! How the node is, for monitoring: `/metrics`, `/healthz`, `/readyz`.
//!
//! `text` is the format, `page` says what is measured under which name, `tally` counts what only
//! the gateway knows, `usage` remembers what takes long to see, `process` is what the system tells,
//! `endpoint` answers.

mod endpoint;
mod page;
mod process;
mod tally;
mod text;
mod usage;

pub(crate) use endpoint::{health, measurements, readiness};
pub(crate) use process::Process;
pub(crate) use tally::Tally;
pub(crate) use usage::UsageSeen;
