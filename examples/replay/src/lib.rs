//! Replays a CSV file of machine reports into a node, then answers from queries: parts and rejects
//! per machine, mean duration per activity.
//!
//! Each machine publishes as an app of its own. What the log says is all that the answers use: the
//! file is not looked at again. `examples/replay.py` is the same program in Python and prints the
//! same JSON.

#![forbid(unsafe_code)]

mod answers;
mod columns;
mod replay;
mod rows;
mod table;

pub use answers::{ActivityAnswer, Answers, MachineAnswer, ask};
pub use columns::Columns;
pub use replay::{Replayed, replay};
pub use table::print;
