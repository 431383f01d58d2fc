//! The query language: text goes in, a plan comes out.
//!
//! Three steps, each in its module: `parse` turns text into a syntax tree and is the only place
//! that reports mistakes in it, `syntax` holds the tree and prints it back in normal form, `plan`
//! turns the tree into a simplified selection with order and limit, which a log can execute.
//!
//! This crate never reads a clock, a file or a log: the time that `5m ago` is relative to and the
//! app that `appId(me)` stands for are passed in. It knows nothing of the engine; the node crate
//! above both translates a [`Plan`] into what the engine executes.
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

pub mod error;
pub mod limits;
mod parse;
pub mod plan;
mod syntax;

pub use error::{ParseError, ParseErrorKind};
pub use plan::{KeyPoint, Plan, PlanError, Selection};
pub use syntax::{AppId, Comparison, Order, Query, StreamId, Tag};
