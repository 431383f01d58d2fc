//! Tests of segments against a naive model, and against damage.

mod damage;
mod measure;
mod merging;
mod model;
mod reading;
