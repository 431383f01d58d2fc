//! Looking at a log from outside, whatever is in it.

use std::sync::Arc;

use swarmlet_engine::log::Inspection;
use swarmlet_engine::storage::SimDisk;

/// Whether an inspection finds nothing wrong. It comes to an end, and changes nothing.
#[must_use]
pub fn is_sound(disk: &SimDisk) -> bool {
    let before = disk.files();
    let inspection = Inspection::begin(Arc::new(disk.clone()));
    let mut inspection = inspection.expect("the disk has no faults");
    let mut left = inspection.files_left();
    let mut is_sound = true;
    while let Some(report) = inspection.next_file() {
        is_sound &= report.fault.is_none();
        left -= 1;
        assert_eq!(inspection.files_left(), left);
    }
    assert_eq!(left, 0);
    assert!(disk.files() == before, "an inspection changed a file");
    is_sound
}
