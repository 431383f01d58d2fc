//! How the node is, for monitoring: `/metrics`, `/healthz`, `/readyz`.
//!
//! `text` is the format, `page` says what is measured under which name, with `log`, `swarm` and
//! `blobs` as its parts, `folder` looks at small files, `tally` counts what only
//! the gateway knows, `usage` remembers what takes long to see, `process` is what the system tells,
//! `endpoint` answers.

mod blobs;
mod endpoint;
mod folder;
mod log;
mod page;
mod process;
mod swarm;
mod tally;
mod text;
mod usage;

pub(crate) use endpoint::{health, measurements, readiness};
pub(crate) use process::Process;
pub(crate) use tally::Tally;
pub(crate) use usage::UsageSeen;
