//! The one error of Swarmlet: what the caller should do, what failed, and with which values.
//!
//! Kinds come from `errors.toml`, from which every language's errors are generated. A kind exists
//! only if a caller would act differently on it; everything else is context.

mod kind;
mod report;

pub use kind::{Advice, ErrorKind};
pub use report::{Error, Result};
