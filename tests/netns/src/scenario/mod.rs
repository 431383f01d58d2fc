//! The stories, one a file.

mod blobs;
mod clone;
mod cut;
mod discovery;
mod found;
mod intruder;
mod kill;
mod protocols;
mod relay;
mod strangers;
mod table;

use found::{found, found_with};

pub(crate) use table::{SCENARIOS, Scenario};
