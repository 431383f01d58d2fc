//! Recomputing whole batches from sealed events.

use crate::error::Result;
use crate::event::Batch;

/// The batches of one stream, in offset order.
#[derive(Debug)]
pub struct BatchIter;

impl Iterator for BatchIter {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Result<Batch>> {
        unimplemented!()
    }
}
