//! The values that queries compute with.
//!
//! Numbers are finite and integers exact; arrays and objects know how deep and how large they are
//! and refuse to become more than `limits` allows, so everything that walks through a value may
//! recurse. Nothing here knows of events; where values come from is the caller's business.

mod container;
mod kind;
mod number;
mod order;
mod text;
mod tree;

pub use container::{Array, Object};
pub use kind::ValueKind;
pub use number::{Finite, Number};
pub use tree::{Value, ValueError};

pub(crate) use number::{NumberError, finite, in_range, write_decimal};
pub(crate) use text::{shown, write_string};
