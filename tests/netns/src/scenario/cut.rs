//! The network of a device is gone for some seconds and comes back; both sides publish all the
//! time.
//!
//! Either the link is down, which the device sees, or packets get lost, which nobody is told.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::orders::Order;
use crate::stage::{Device, Host, Offsets, World, within};

pub(super) fn link_down(world: &World) -> Result<String> {
    tell(
        world,
        |host| host.take_link_down(),
        |host| host.take_link_up(),
    )
}

pub(super) fn packets_lost(world: &World) -> Result<String> {
    tell(
        world,
        |host| host.lose_packets(),
        |host| host.pass_packets(),
    )
}

type Change = fn(&Host<'_>) -> Result<()>;

fn tell(world: &World, cut: Change, restore: Change) -> Result<String> {
    let lan = world.lan()?;
    let hosts = [world.host(&[&lan])?, world.host(&[&lan])?];
    let mut devices = [world.device(&hosts[0])?, world.device(&hosts[1])?];
    super::found(&mut devices)?;
    for device in &mut devices {
        device.ask::<()>(&Order::Load { pause_ms: 10 })?;
    }
    let [first, second] = &mut devices;
    catch_up(first, second)?;
    let mut slowest = Duration::ZERO;
    for _ in 0..CUTS {
        cut(second.host())?;
        check_cut_off(first, second)?;
        restore(second.host())?;
        let begin = Instant::now();
        catch_up(first, second)?;
        slowest = slowest.max(begin.elapsed());
        // The next cut is to hit a connection that had time to settle.
        sleep(SETTLED);
    }
    let what = format!(
        "cut for {} s, traffic after, slowest of {CUTS}",
        CUT.as_secs()
    );
    within(TARGET, slowest, &what)
}

/// Each of the two gets what the other one has at the moment.
fn catch_up(first: &mut Device<'_>, second: &mut Device<'_>) -> Result<()> {
    let offsets = [second.present()?, first.present()?];
    let [to_first, to_second] = offsets;
    first.begin(&Order::AwaitPresent { offsets: to_first })?;
    second.await_present(&to_second)?;
    first.answer()
}

/// Waits out the cut. What was on the way may still arrive at its beginning, and nothing after it.
fn check_cut_off(first: &mut Device<'_>, second: &mut Device<'_>) -> Result<()> {
    sleep(CUT / 4);
    let before = first.present()?;
    let [missed, known] = [second.present()?, before.clone()];
    sleep(CUT - CUT / 4);
    let is_cut_off = |now: &Offsets| {
        let same = known
            .iter()
            .filter(|(stream, last)| now.get(*stream) == Some(last));
        // Its own stream grows, that of the other one does not.
        same.count() == known.len() - 1
    };
    let now = first.present()?;
    ensure!(
        is_cut_off(&now),
        "something came through the cut: {before:?}, then {now:?}"
    );
    ensure!(
        missed != second.present()?,
        "nothing was published during the cut"
    );
    Ok(())
}

const CUTS: usize = 2;
const CUT: Duration = Duration::from_secs(5);
const SETTLED: Duration = Duration::from_millis(2_500);
const TARGET: Duration = Duration::from_secs(1);
