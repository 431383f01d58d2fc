//! The sending side of a peer: 300 bytes at a rate, to a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::contract::{Kind, Publisher, Setting};
use super::receive::{MESSAGE_BYTES, Mark};
use crate::receiver::{Phase, micros, parse};

/// What a peer did at each rate.
pub(crate) struct Measured {
    /// Its name in tables.
    pub(crate) name: String,
    /// The rates that were wanted, and what came of them.
    pub(crate) phases: Vec<(u64, Phase)>,
    /// The rates at which it fell behind, and what it kept instead, in messages a second.
    pub(crate) behind: Vec<(u64, f64)>,
}

/// Starts the peer and measures it at each rate.
pub(crate) fn measure(
    kind: Kind,
    setting: &Setting<'_>,
    rates: &[u64],
    seconds: u64,
) -> Result<Measured> {
    let mut running = kind.start(setting)?;
    let mut measured = Measured {
        name: running.name,
        phases: Vec::new(),
        behind: Vec::new(),
    };
    for rate in rates {
        let publisher = running.publisher.as_mut();
        let (phase, kept) = at_rate(kind, &running.address, publisher, *rate, seconds)
            .with_context(|| format!("{} at {rate}/s", measured.name))?;
        measured.phases.push((*rate, phase));
        if kept < 0.9 * *rate as f64 {
            measured.behind.push((*rate, kept));
        }
    }
    Ok(measured)
}

fn at_rate(
    kind: Kind,
    address: &str,
    publisher: &mut dyn Publisher,
    rate: u64,
    seconds: u64,
) -> Result<(Phase, f64)> {
    let value = clap::ValueEnum::to_possible_value(&kind);
    let value = value.context("no kind is hidden")?;
    let mut process = Command::new(std::env::current_exe()?)
        .args(["receive-peer", value.get_name(), address])
        .stdout(Stdio::piped())
        .spawn()?;
    let output = process.stdout.take().context("the output is piped")?;
    let (said, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(output).lines();
        lines.try_for_each(|line| said.send(line).ok())
    });
    let sent = probe(publisher, &lines).and_then(|()| paced(publisher, rate, seconds));
    let outcome = sent.and_then(|(count, kept)| {
        let line = lines.recv_timeout(ANSWER_MAX);
        let phase = parse(&line.context("the receiver does not tell")??)?;
        ensure!(
            phase.events == count,
            "{} of {count} messages arrived",
            phase.events
        );
        Ok((phase, kept))
    });
    let _ = process.kill();
    process.wait()?;
    outcome
}

/// Sends until the receiver says that something arrives.
fn probe(
    publisher: &mut dyn Publisher,
    lines: &mpsc::Receiver<std::io::Result<String>>,
) -> Result<()> {
    let deadline = Instant::now() + ANSWER_MAX;
    while Instant::now() < deadline {
        publisher.publish(&[message(Mark::Probe)])?;
        match lines.recv_timeout(Duration::from_millis(50)) {
            Ok(line) => {
                let line = line?;
                ensure!(line == "ready", "the receiver said {line}");
                return Ok(());
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    anyhow::bail!("nothing arrives at the receiver")
}

/// One message after the other, ten at a time above a thousand a second, as our own events. Gives
/// up after twice the time; how many were sent, and how many a second.
fn paced(publisher: &mut dyn Publisher, rate: u64, seconds: u64) -> Result<(u64, f64)> {
    let at_once = if rate > 1_000 { 10 } else { 1 };
    let every = Duration::from_secs(1) * at_once / rate as u32;
    let start = Instant::now();
    let mut count = 0;
    for turn in 0..rate * seconds / u64::from(at_once) {
        let due = every * turn as u32;
        if let Some(early) = due.checked_sub(start.elapsed()) {
            std::thread::sleep(early);
        }
        if start.elapsed() > Duration::from_secs(2 * seconds) {
            break;
        }
        let messages: Vec<_> = (0..at_once).map(|_| message(Mark::Measured)).collect();
        publisher.publish(&messages)?;
        count += u64::from(at_once);
    }
    let kept = count as f64 / start.elapsed().as_secs_f64();
    publisher.publish(&[message(Mark::End)])?;
    Ok((count, kept))
}

fn message(mark: Mark) -> Vec<u8> {
    let mut message = vec![b'.'; MESSAGE_BYTES];
    message[..8].copy_from_slice(&micros().to_le_bytes());
    message[8] = mark as u8;
    message
}

const ANSWER_MAX: Duration = Duration::from_secs(30);
