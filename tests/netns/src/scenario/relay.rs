//! Two devices that cannot reach each other, and one between them that is in both their networks.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::orders::Order;
use crate::stage::{World, eventually, within};

pub(super) fn tell() -> Result<String> {
    let world = World::new()?;
    let (left, right) = (world.lan()?, world.lan()?);
    let hosts = [
        world.host(&[&left, &right])?,
        world.host(&[&left])?,
        world.host(&[&right])?,
    ];
    let devices: Result<Vec<_>> = hosts.iter().map(|host| world.device(host)).collect();
    let mut devices = devices?;
    let ids = super::found(&mut devices)?;
    let [between, first, last] = devices.as_mut_slice() else {
        unreachable!("there are three of them");
    };
    let address = format!("{}:1", last.host().address());
    ensure!(
        !first.ask::<bool>(&Order::Reach { address })?,
        "the ends reach each other"
    );
    let address = format!("{}:1", between.host().address());
    ensure!(
        first.ask::<bool>(&Order::Reach { address })?,
        "the middle is not reached"
    );
    let begin = Instant::now();
    for device in [&mut *first, &mut *last] {
        device.publish(EVENTS, BYTES)?;
    }
    let (from_first, from_last) = (first.present()?, last.present()?);
    first.begin(&Order::AwaitPresent { offsets: from_last })?;
    last.await_present(&from_first)?;
    first.answer::<()>()?;
    let taken = begin.elapsed();
    let everything = eventually("the middle has everything", || {
        let all = between.events()?;
        Ok((all.len() == 2 * EVENTS).then_some(all))
    })?;
    for device in [first, last] {
        ensure!(device.events()? == everything, "not everybody has the same");
        let peers = device.standing()?.peers;
        let is_between = peers.iter().all(|(node, _)| *node == ids[0]);
        ensure!(
            is_between,
            "somebody else than the middle is connected: {peers:?}"
        );
    }
    let what = format!("{EVENTS} events each way over the middle, from the first on");
    within(TARGET, taken, &what)
}

const EVENTS: usize = 1_000;
const BYTES: usize = 300;
const TARGET: Duration = Duration::from_secs(1);
