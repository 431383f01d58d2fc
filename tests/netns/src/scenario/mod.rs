//! The stories, one a file.

mod clone;
mod cut;
mod discovery;
mod found;
mod intruder;
mod kill;
mod relay;
mod strangers;
mod table;

use found::found;

pub(crate) use table::{SCENARIOS, Scenario};
