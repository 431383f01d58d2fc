//! Tests of segments against a naive model, and against damage.

mod damage;
mod hostile;
mod merging;
mod model;
mod reading;
mod size;
