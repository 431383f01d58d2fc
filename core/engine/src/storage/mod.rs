//! The disk as the engine sees it: one narrow trait, the real disk behind it and a simulated one.
//!
//! Everything the engine keeps goes through [`Disk`], so that every crash, full disk and failing
//! sync that can happen to a device can be made to happen in a test, from one seed. This module
//! moves bytes; it never knows what they mean, never retries and never hides an error. It sits
//! below `log` and `segment` and imports nothing else of the engine.

pub mod disk;
pub mod file_name;
pub mod fs;
pub mod layer;
pub mod sim;
#[cfg(test)]
mod tests;

pub use disk::{Disk, DiskFile};
pub use file_name::{FileName, Folder, InvalidFileName};
pub use fs::FsDisk;
pub use layer::{DiskLayer, FileLayer};
pub use sim::SimDisk;
