//! Everything of one scenario: its networks, hosts, devices and folders. Dropping it removes them.

use std::cell::Cell;

use anyhow::Result;
use tempfile::TempDir;

use super::device::Device;
use super::leftovers::prefix;
use super::network::{Host, Lan};
use super::tap::Tap;

/// What a scenario plays in.
pub(crate) struct World {
    folder: TempDir,
    lans: Cell<u8>,
    folders: Cell<u32>,
}

impl World {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            folder: tempfile::Builder::new().prefix(&prefix()).tempdir()?,
            lans: Cell::new(0),
            folders: Cell::new(0),
        })
    }

    /// A network of its own.
    pub(crate) fn lan(&self) -> Result<Lan> {
        let number = self.lans.get() + 1;
        self.lans.set(number);
        Lan::new(number)
    }

    /// A host in these networks.
    pub(crate) fn host<'a>(&self, lans: &[&'a Lan]) -> Result<Host<'a>> {
        Host::new(lans)
    }

    /// A device at a host, with a folder of its own; no node is open on it yet.
    pub(crate) fn device<'a>(&self, host: &'a Host<'a>) -> Result<Device<'a>> {
        let number = self.folders.get() + 1;
        self.folders.set(number);
        Device::new(host, self.folder.path().join(format!("device{number}")))
    }

    /// Counts what arrives at a host from now on.
    pub(crate) fn tap(&self, host: &Host<'_>) -> Result<Tap> {
        Tap::new(host)
    }

    /// Whether networks can be made here; if not, why.
    pub(crate) fn check() -> Result<()> {
        let world = Self::new()?;
        let lan = world.lan()?;
        let host = world.host(&[&lan])?;
        host.received_bytes().map(drop)
    }
}
