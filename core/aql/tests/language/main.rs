//! The language as its users see it: texts in, normal forms, plans and errors out.

mod bounds;
mod cases;
mod errors;
mod expressions;
mod features;
mod never_panics;
mod results;
mod retraction;
