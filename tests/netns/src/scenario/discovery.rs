//! Five devices are switched on at the same moment and find each other without any configuration.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::orders::{Opening, Order};
use crate::stage::{Device, World, within};

pub(super) fn tell() -> Result<String> {
    let world = World::new()?;
    let lan = world.lan()?;
    let hosts: Result<Vec<_>> = (0..HOSTS).map(|_| world.host(&[&lan])).collect();
    let hosts = hosts?;
    let devices: Result<Vec<_>> = hosts.iter().map(|host| world.device(host)).collect();
    let mut devices = devices?;
    super::found(&mut devices)?;
    let mut slowest = Duration::ZERO;
    for _ in 0..STARTS {
        for device in &mut devices {
            device.ask::<()>(&Order::Close)?;
        }
        slowest = slowest.max(start(&mut devices)?);
    }
    let what = format!("{HOSTS} hosts, all pairs, slowest of {STARTS} starts");
    within(TARGET, slowest, &what)
}

/// Opens all at once; how long it took until everybody was connected with everybody.
fn start(devices: &mut [Device<'_>]) -> Result<Duration> {
    let begin = Instant::now();
    let count = devices.len() - 1;
    for device in &mut *devices {
        device.begin_open(Opening::default())?;
        device.begin(&Order::AwaitPeers { count })?;
    }
    for device in &mut *devices {
        device.answer::<String>()?;
        device.answer::<()>()?;
    }
    Ok(begin.elapsed())
}

const HOSTS: usize = 5;
const STARTS: usize = 3;
const TARGET: Duration = Duration::from_secs(2);
