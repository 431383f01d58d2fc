//! The query language: text goes in, a machine comes out that turns events into results.
//!
//! The floors, each importing only from those before it: `value` holds what queries compute with,
//! `syntax` the tree of a query and its printing in normal form, `parse` turns text into the tree
//! and is the only place that reports mistakes in it, `features` checks what a tree may use,
//! `eval` computes expressions, `plan` turns the source of a query into a simplified selection
//! which a log can execute, `aggregate` turns many values into one, `machine` runs the whole.
//!
//! This crate never reads a clock, a file or a log: the time that `5m ago` is relative to, the app
//! that `appId(me)` stands for, parameters and events are passed in. It knows nothing of the
//! engine; the node crate above both translates a [`Selection`] into what the engine executes and
//! implements [`EventInput`] for what the engine delivers.
//!
//! ```
//! use swarmlet_aql::{Order, Query};
//!
//! let query = Query::parse("FROM 'machine:7' & TIME > 1h ago ORDER DESC LIMIT 10").unwrap();
//! let plan = query.plan(1_700_000_000_000_000, None).unwrap();
//! assert_eq!(plan.order, Some(Order::Descending));
//!
//! let mistake = Query::parse("FROM 'machine:7' AND 'stopped'").unwrap_err();
//! assert_eq!(mistake.column(), 18);
//! ```
#![forbid(unsafe_code)]

mod aggregate;
mod calendar;
pub mod error;
mod eval;
mod features;
pub mod limits;
mod machine;
mod parse;
pub mod plan;
mod syntax;
mod value;

pub use error::{ParseError, ParseErrorKind};
pub use eval::{EventInput, EventKey, EventRange, Origin, Traced};
pub use features::{Endpoint, Feature, FeatureError};
pub use machine::{Context, Diagnostic, EventReader, Machine, Mode, NoEvents, Output, Severity};
pub use parse::parse_time;
pub use plan::{KeyPoint, Plan, PlanError, Selection};
pub use syntax::{AppId, Comparison, Order, Query, StreamId, Tag};
pub use value::{Array, Finite, Number, Object, Value, ValueError, ValueKind};
