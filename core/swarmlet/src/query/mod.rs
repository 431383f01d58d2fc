//! The query language at work on the log: text and options in, outputs out.
//!
//! From bottom to top: `value` turns payloads into values and back, `input` shows events of the log
//! to the language, `output` is what callers get, `translate` turns a plan into what the engine
//! reads, `listed` holds the events that a query brings itself, `program` runs a query over the
//! events of the log, `pull` reads them a chunk at a time with `read`, `lag` tells how far that is,
//! `results` is the handle. `begin` checks what is asked for, `explain` says what answering it
//! costs.

mod begin;
mod explain;
mod input;
mod lag;
mod listed;
mod options;
mod output;
mod program;
mod pull;
mod read;
mod results;
mod translate;
mod value;

pub use explain::{Explanation, SourceReport, TermReport};
pub use options::{Parameter, Parameters, QueryOptions, SubscribeOptions};
pub use output::{EventRange, Item, Origin, Output, Row};
pub use results::{Results, query_mistake};
pub use swarmlet_aql::{Diagnostic, Severity};

pub(crate) use begin::{Asker, Wanted};
pub(crate) use translate::route;
