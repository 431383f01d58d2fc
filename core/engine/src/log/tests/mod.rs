//! Tests of the log as its users see it, on the simulated disk.

mod beginning;
mod bench;
mod damage;
mod durability;
mod explaining;
mod inspecting;
mod model;
mod properties;
mod reading;
mod receiving;
mod small_files;
mod upkeep;
