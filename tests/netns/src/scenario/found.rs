//! How most stories begin: a swarm of some devices.

use anyhow::{Context, Result};

use crate::orders::{Opening, Order};
use crate::stage::Device;

/// Opens all devices, without configuration; the first founds a swarm and invites the others.
pub(super) fn found(devices: &mut [Device<'_>]) -> Result<Vec<String>> {
    found_with(devices, &Opening::default())
}

/// As [`found`], with all devices opened in the same way.
pub(super) fn found_with(devices: &mut [Device<'_>], opening: &Opening) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for device in &mut *devices {
        ids.push(device.open(opening.clone())?);
    }
    let (founder, others) = devices.split_first_mut().context("nobody is there")?;
    founder.ask::<()>(&Order::Create)?;
    for other in others {
        other.join(founder)?;
    }
    Ok(ids)
}
