//! Many values to one: the state of aggregators, fed value by value.
//!
//! Sums, products, counts and averages can take a value back; the others cannot and say so. None
//! of them keeps its inputs.

mod accumulator;
mod calls;
mod extreme;
mod total;

pub(crate) use calls::{Aggregates, calls};
