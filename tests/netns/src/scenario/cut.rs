//! The network between two devices is gone for some seconds and comes back; both publish all the
//! time. Two pairs at once, one of them over TCP and the other one over QUIC.
//!
//! Either the link is down, which the device sees, or packets get lost, which nobody is told; in
//! both directions, or in one.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::protocols::{listening, over_each};
use crate::orders::Order;
use crate::stage::{Device, Host, Offsets, World, within};

pub(super) fn link_down() -> Result<String> {
    tell(&Cut {
        begin: |_, host| host.take_link_down(),
        end: |_, host| host.take_link_up(),
        lengths: &[MEDIUM],
    })
}

pub(super) fn packets_lost() -> Result<String> {
    tell(&Cut {
        begin: |_, host| host.lose_packets(),
        end: |_, host| host.pass_packets(),
        lengths: &[SHORT, LONG],
    })
}

pub(super) fn one_way() -> Result<String> {
    tell(&Cut {
        begin: |other, host| host.lose_packets_to(other),
        end: |other, host| host.pass_packets_to(other),
        lengths: &[MEDIUM],
    })
}

/// What is done to the network of the second host, and undone, and for how long each time.
struct Cut {
    begin: Change,
    end: Change,
    lengths: &'static [Duration],
}

/// The first host comes first.
type Change = fn(&Host<'_>, &Host<'_>) -> Result<()>;

fn tell(cut: &Cut) -> Result<String> {
    let [tcp, quic] = over_each(|protocol| pair(protocol, cut))?;
    let lengths = cut.lengths.iter();
    let lengths: Vec<String> = lengths.map(|length| length.as_secs().to_string()).collect();
    let lengths = lengths.join(" and ");
    Ok(format!("cut for {lengths} s: {tcp}, {quic}"))
}

fn pair(protocol: &str, cut: &Cut) -> Result<String> {
    let world = World::new()?;
    let lan = world.lan()?;
    let hosts = [world.host(&[&lan])?, world.host(&[&lan])?];
    let mut devices = [world.device(&hosts[0])?, world.device(&hosts[1])?];
    super::found_with(&mut devices, &listening(protocol))?;
    for device in &mut devices {
        device.ask::<()>(&Order::Load { pause_ms: 10 })?;
    }
    let [first, second] = &mut devices;
    let mut slowest = Duration::ZERO;
    for length in cut.lengths {
        catch_up(first, second)?;
        // The cut is to hit a connection that had time to settle.
        sleep(SETTLED);
        (cut.begin)(first.host(), second.host())?;
        check_cut_off(first, second, *length)?;
        (cut.end)(first.host(), second.host())?;
        let begin = Instant::now();
        catch_up(first, second)?;
        slowest = slowest.max(begin.elapsed());
    }
    within(
        TARGET,
        slowest,
        &format!("over {protocol} traffic again after"),
    )
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
fn check_cut_off(first: &mut Device<'_>, second: &mut Device<'_>, length: Duration) -> Result<()> {
    sleep(length / 4);
    let before = first.present()?;
    let [missed, known] = [second.present()?, before.clone()];
    sleep(length - length / 4);
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

/// Hardly longer than what makes a connection count as dead.
const SHORT: Duration = Duration::from_secs(2);
const MEDIUM: Duration = Duration::from_secs(5);
/// By then an address that does not answer is dialled rarely.
const LONG: Duration = Duration::from_secs(20);
const SETTLED: Duration = Duration::from_millis(2_500);
const TARGET: Duration = Duration::from_secs(1);
