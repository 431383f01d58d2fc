//! A large blob is fetched, and packets get lost for some seconds in the middle of it, which nobody
//! is told. Two pairs at once, one of them over TCP and the other one over QUIC.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use swarmlet::BlobId;

use super::protocols::{listening, over_each};
use crate::orders::Order;
use crate::stage::{Device, World, eventually, within};

pub(super) fn tell() -> Result<String> {
    let [tcp, quic] = over_each(pair)?;
    let (mebibytes, seconds) = (BYTES >> 20, CUT.as_secs());
    Ok(format!(
        "{mebibytes} MiB, cut for {seconds} s: {tcp}; {quic}"
    ))
}

fn pair(protocol: &str) -> Result<String> {
    let world = World::new()?;
    let lan = world.lan()?;
    let hosts = [world.host(&[&lan])?, world.host(&[&lan])?];
    let mut devices = [world.device(&hosts[0])?, world.device(&hosts[1])?];
    super::found_with(&mut devices, &listening(protocol))?;
    let [source, receiver] = &mut devices;
    let blob: String = source.ask(&Order::Store { bytes: BYTES })?;
    let file = receiver.folder().with_extension("saved");
    let (before, host) = (hosts[1].received_bytes()?, &hosts[1]);
    let fetch = Order::Fetch {
        blob: blob.clone(),
        file: file.clone(),
    };
    receiver.ask::<()>(&fetch)?;
    eventually("a part of the blob is here", || {
        Ok((fetched(receiver)? >= BYTES as u64 / 8).then_some(()))
    })?;
    host.lose_packets()?;
    let kept = check_cut_off(receiver)?;
    host.pass_packets()?;
    let begin = Instant::now();
    eventually("it goes on", || {
        Ok((fetched(receiver)? > kept).then_some(()))
    })?;
    let resumed = begin.elapsed();
    receiver.ask::<()>(&Order::AwaitFetched)?;
    check_saved(&file, &blob)?;
    let received = hosts[1].received_bytes()? - before;
    ensure!(
        received < (BYTES + BYTES / 4) as u64,
        "{received} bytes came: what was here before the cut came again"
    );
    within(
        TARGET,
        resumed,
        &format!(
            "over {protocol} {} MiB were kept, and went on after",
            kept >> 20
        ),
    )
}

/// Waits out the cut. What was on the way may still arrive at its beginning, and nothing after it.
/// How much of the blob there was at its end.
fn check_cut_off(receiver: &mut Device<'_>) -> Result<u64> {
    sleep(CUT / 3);
    let before = fetched(receiver)?;
    ensure!(
        before < BYTES as u64,
        "the blob was here before the cut: it must be larger"
    );
    sleep(CUT - CUT / 3);
    let now = fetched(receiver)?;
    ensure!(before == now, "something came through the cut");
    Ok(now)
}

fn fetched(receiver: &mut Device<'_>) -> Result<u64> {
    receiver.ask(&Order::Fetched)
}

fn check_saved(file: &Path, blob: &str) -> Result<()> {
    let opened = File::open(file).context("nothing was saved")?;
    let saved = BlobId::of_reader(BufReader::new(opened))?;
    ensure!(saved.to_string() == blob, "{saved} was saved, not {blob}");
    Ok(())
}

const BYTES: usize = 256 << 20;
const CUT: Duration = Duration::from_secs(3);
const TARGET: Duration = Duration::from_secs(1);
