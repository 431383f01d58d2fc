//! One flipped bit: found and named, or without any effect; never a silent loss.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use swarmlet_engine::event::{DeviceKey, Event, Timestamp};
use swarmlet_engine::log::{Log, LogOptions};
use swarmlet_engine::storage::{Disk, FileName, SimDisk};
use swarmlet_engine::{Error, ErrorKind};

use crate::met::Met;
use crate::query::{everything, read_all};
use swarmlet_sim::chain::Files;
use swarmlet_sim::disk::disk_with;

/// Which bit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) name: &'a FileName,
    pub(crate) offset: u64,
    pub(crate) bit: u8,
}

/// Opens a copy of `files` with one bit flipped, reads all and maintains. `acknowledged` are the
/// events that must be there; without the flip there may be more.
pub(crate) fn check_flip(files: &Files, place: &Place<'_>, acknowledged: &[Event]) -> Result<Met> {
    let without_flip = use_everything(&disk_with(files)?)?;
    let disk = disk_with(files)?;
    disk.flip_bit(place.name, place.offset, place.bit);
    let damaged = disk.files()[place.name].clone();
    match use_everything(&disk) {
        Ok(events) => {
            ensure!(
                events == without_flip || events == acknowledged,
                "{} of {} events are there, and no error",
                events.len(),
                without_flip.len()
            );
            Ok(Met::BitFlipWithoutEffect)
        }
        Err(error) => {
            check_error(&error)?;
            let kept = disk.files().get(place.name) == Some(&damaged);
            ensure!(kept, "the damaged file was changed or removed: {error:?}");
            Ok(Met::BitFlipDetected)
        }
    }
}

/// Reads everything, before and after all maintenance.
fn use_everything(disk: &SimDisk) -> swarmlet_engine::Result<Vec<Event>> {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let signer = Arc::new(DeviceKey::from_seed(&[7; 32]));
    let mut log = Log::open(shared, signer, LogOptions::default())?;
    let reader = log.reader();
    let before = read_all(&mut reader.query(&everything())?, 1000)?;
    if let Some(mut maintenance) = log.maintenance() {
        while maintenance.step(Timestamp::MAX)?.is_some() {}
    }
    let after = read_all(&mut reader.query(&everything())?, 1000)?;
    log.close()?;
    // A difference between the two is reported as loss.
    Ok(if before == after { after } else { Vec::new() })
}

fn check_error(error: &Error) -> Result<()> {
    ensure!(
        error.kind() == ErrorKind::Corrupt,
        "damage must be `corrupt`: {error:?}"
    );
    let names: Vec<&str> = error.context().map(|(name, _)| name).collect();
    let has_file = names.iter().any(|name| FILE_NAMES.contains(name));
    let has_position = names.iter().any(|name| POSITION_NAMES.contains(name))
        || error.to_string().contains(" at byte ");
    if has_file && has_position {
        return Ok(());
    }
    bail!("damage must be named by file and position: {error:?}")
}

const FILE_NAMES: [&str; 3] = ["file", "segment", "log file"];
const POSITION_NAMES: [&str; 3] = ["position", "offset", "log file expected"];
