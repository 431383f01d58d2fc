//! Three devices publish as fast as they may, and again and again one of them is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::ack::Ack;
use crate::orders::{Opening, Order};
use crate::stage::{Device, Offsets, World, eventually};

pub(super) fn tell() -> Result<String> {
    let world = World::new()?;
    let lan = world.lan()?;
    let hosts: Result<Vec<_>> = (0..3).map(|_| world.host(&[&lan])).collect();
    let hosts = hosts?;
    let devices: Result<Vec<_>> = hosts.iter().map(|host| world.device(host)).collect();
    let mut devices = devices?;
    super::found(&mut devices)?;
    for device in &mut devices {
        device.ask::<()>(&LOAD)?;
    }
    let mut slowest = Duration::ZERO;
    for kill in 0..KILLS {
        // Not always at the same point of what the others are at.
        sleep(UNDER_LOAD + UNDER_LOAD / 7 * kill);
        let victim = &mut devices[kill as usize % hosts.len()];
        let known = victim.acked().len();
        ensure!(known > 0, "it was killed before it had published");
        victim.kill_and_start()?;
        let begin = Instant::now();
        victim.open(Opening::default())?;
        victim.ask::<()>(&Order::AwaitPeers { count: 2 })?;
        slowest = slowest.max(begin.elapsed());
        victim.ask::<()>(&LOAD)?;
    }
    for device in &mut devices {
        device.ask::<u64>(&Order::StopLoad)?;
    }
    let acknowledged = check(&mut devices)?;
    Ok(format!(
        "{KILLS} kills, {acknowledged} events acknowledged, lost 0; open and connected again \
         within {:.2} s",
        slowest.as_secs_f64()
    ))
}

/// Everybody gets everything that anybody has, and has everything that was acknowledged.
fn check(devices: &mut [Device<'_>]) -> Result<usize> {
    let mut furthest = Offsets::new();
    for device in &mut *devices {
        for (stream, last) in device.present()? {
            let most = furthest.entry(stream).or_default();
            *most = last.max(*most);
        }
    }
    let acked: BTreeSet<Ack> = devices.iter().flat_map(Device::acked).collect();
    let mut known = BTreeSet::new();
    for device in &mut *devices {
        device.await_present(&furthest)?;
        let there = device.events()?;
        let lost = acked.difference(&there).count();
        ensure!(
            lost == 0,
            "{lost} of {} acknowledged events are lost",
            acked.len()
        );
        check_gapless(&there)?;
        ensure!(
            known.is_empty() || known == there,
            "not everybody has the same"
        );
        known = there;
    }
    eventually("all are in sync", || {
        let mut peers = 0;
        for device in &mut *devices {
            peers += device.standing()?.peers.len();
        }
        Ok((peers == devices.len() * (devices.len() - 1)).then_some(()))
    })?;
    Ok(acked.len())
}

/// Each stream counts from zero.
fn check_gapless(events: &BTreeSet<Ack>) -> Result<()> {
    let mut next: BTreeMap<&str, u64> = BTreeMap::new();
    for event in events {
        let expected = next.entry(&event.stream).or_default();
        ensure!(
            event.offset == *expected,
            "{} has a gap at {expected}",
            event.stream
        );
        *expected += 1;
    }
    Ok(())
}

const LOAD: Order = Order::Load { pause_ms: 2 };
const KILLS: u32 = 6;
const UNDER_LOAD: Duration = Duration::from_millis(700);
