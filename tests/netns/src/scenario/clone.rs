//! Somebody copies the folder of a running device and starts the copy on another host.
//!
//! Two devices with one identity: both say so, neither loses what was acknowledged to it, and all
//! others have what either wrote: what the original wrote since, and they knew first, and what the
//! copy wrote at the same place and published again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::orders::{Opening, Order};
use crate::stage::{Device, World, copy_folder, eventually, within};

pub(super) fn tell() -> Result<String> {
    let world = World::new()?;
    let lan = world.lan()?;
    let hosts: Result<Vec<_>> = (0..4).map(|_| world.host(&[&lan])).collect();
    let hosts = hosts?;
    let devices: Result<Vec<_>> = hosts[..3].iter().map(|host| world.device(host)).collect();
    let mut devices = devices?;
    let ids = super::found(&mut devices)?;
    let [founder, original, other] = devices.as_mut_slice() else {
        unreachable!("there are three of them");
    };
    original.publish(EVENTS, BYTES)?;
    original.ask::<()>(&Order::Load { pause_ms: 20 })?;
    let mut copy = world.device(&hosts[3])?;
    copy_folder(original.folder(), copy.folder())?;
    original.publish(EVENTS, BYTES)?;
    let present = original.present()?;
    for device in [&mut *founder, &mut *other] {
        device.await_present(&present)?;
    }
    let begin = Instant::now();
    let id = copy.open(Opening::default())?;
    ensure!(id == ids[1], "the copy is another device");
    copy.publish(EVENTS, BYTES)?;
    for device in [&mut *original, &mut copy] {
        await_alarm(device, &id)?;
    }
    let taken = begin.elapsed();
    original.ask::<u64>(&Order::StopLoad)?;
    check(original, &mut copy, [founder, other])?;
    within(TARGET, taken, "both sides told of the copy")
}

/// Waits until it tells that somebody else has its identity, or of a contradiction in its streams.
fn await_alarm(device: &mut Device<'_>, id: &str) -> Result<()> {
    eventually("the copy is noticed", || {
        let standing = device.standing()?;
        let mut refused = standing.refused.iter();
        let is_refused = refused.any(|(_, why)| why.contains("identity of this one"));
        let mut incidents = standing.incidents.iter();
        let is_told = is_refused || incidents.any(|incident| incident.contains(id));
        Ok(is_told.then_some(()))
    })
}

fn check<'a>(
    original: &mut Device<'a>,
    copy: &mut Device<'a>,
    others: [&mut Device<'a>; 2],
) -> Result<()> {
    for device in [&mut *original, &mut *copy] {
        let there = device.events()?;
        let lost = device.acked().difference(&there).count();
        ensure!(
            lost == 0,
            "{lost} events are lost on the device that wrote them"
        );
    }
    let acked = [original.acked(), copy.acked()];
    let wanted: BTreeSet<u64> = acked.iter().flatten().map(|ack| ack.hash).collect();
    let [left, right] = others;
    eventually(
        "the others have the same, and all that either wrote",
        || {
            let (left, right) = (left.events()?, right.events()?);
            let there: BTreeSet<u64> = left.iter().map(|event| event.hash).collect();
            Ok((left == right && wanted.is_subset(&there)).then_some(()))
        },
    )
}

const EVENTS: usize = 20;
const BYTES: usize = 300;
const TARGET: Duration = Duration::from_secs(2);
