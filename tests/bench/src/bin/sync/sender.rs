//! The sending process: founds the swarm, starts the receiver, publishes at rates.

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use swarmlet::{InviteOptions, Network, NewEvent, Node, Options, Payload, Tags};

use super::receiver::{self, Phase, micros};

/// A node, and a process that follows it.
pub(crate) struct Sender {
    node: Node,
    folder: PathBuf,
    receiver: Receiver,
}

/// How long catching up took, and what live events were like meanwhile.
pub(crate) struct CaughtUp {
    pub(crate) seconds: f64,
    pub(crate) live: Phase,
    pub(crate) memory_mb: f64,
}

const CONNECTED_MAX: Duration = Duration::from_secs(30);

struct Receiver {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Sender {
    /// Founds a swarm and starts a receiver in it.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let network = Network::new().listen("tcp://127.0.0.1:0").discovery(false);
        let options = Options::new().network(network);
        let node = Node::open_blocking(folder.join("sender"), options)?;
        node.swarm().create("bench", "sender")?;
        let receiver = Receiver::start(&node, &folder.join("receiver"))?;
        // Having joined, the receiver connects again.
        node.swarm().wait_in_sync_blocking(CONNECTED_MAX)?;
        let folder = folder.to_owned();
        let mut sender = Self {
            node,
            folder,
            receiver,
        };
        // The first event of a stream makes its files, on both sides.
        sender.end("begun")?;
        Ok(sender)
    }

    /// One event after the other, `rate` a second; ten at a time above a thousand.
    pub(crate) fn at_rate(&mut self, rate: u64, seconds: u64) -> Result<Phase> {
        let at_once = if rate > 1_000 { 10 } else { 1 };
        let every = Duration::from_secs(1) * at_once / rate as u32;
        let start = Instant::now();
        for turn in 0..rate * seconds / u64::from(at_once) {
            let due = every * turn as u32;
            if let Some(early) = due.checked_sub(start.elapsed()) {
                std::thread::sleep(early);
            }
            let sent = micros();
            let events = (0..at_once).map(|_| event(&json!({ "sent": sent })));
            self.node
                .publish_many_blocking(events.collect::<Result<_>>()?)?;
        }
        let phase = self.end("rate")?;
        ensure!(phase.events == rate * seconds + 1, "lost events: {phase:?}");
        Ok(phase)
    }

    /// As fast as it goes; events a second, at the receiver.
    pub(crate) fn flat_out(&mut self, events: u64) -> Result<f64> {
        self.publish_all(events)?;
        let phase = self.end("flat out")?;
        Ok(phase.events as f64 / phase.seconds)
    }

    /// A new, empty receiver catches up while events go on being published.
    pub(crate) fn backlog(&mut self, events: u64) -> Result<CaughtUp> {
        self.publish_all(events)?;
        self.end("filled")?;
        let start = Instant::now();
        let late = Receiver::start(&self.node, &self.folder.join("late"))?;
        let mut late = std::mem::replace(&mut self.receiver, late);
        let present = self.node.offsets()?.present;
        let total: u64 = present.iter().map(|(_, last)| last.get() + 1).sum();
        let (mut seconds, mut count) = (0.0, 0);
        while start.elapsed() < Duration::from_secs(60) {
            let sent = micros();
            self.node
                .publish_many_blocking(vec![event(&json!({ "sent": sent }))?])?;
            count += 1;
            std::thread::sleep(Duration::from_millis(5));
            let peers = self.node.swarm().peers();
            let is_level = peers.len() == 2 && peers.iter().all(|peer| peer.ahead < 100);
            if is_level && start.elapsed() > Duration::from_millis(500) {
                seconds = start.elapsed().as_secs_f64();
                break;
            }
        }
        ensure!(
            seconds > 0.0,
            "{total} events were not caught up with in a minute"
        );
        let caught_up = self.end("caught up")?;
        let live = late.phase()?;
        ensure!(live.events > count, "live events were lost: {live:?}");
        late.finish();
        Ok(CaughtUp {
            seconds,
            live,
            memory_mb: caught_up.memory_mb,
        })
    }

    /// Ends both processes.
    pub(crate) fn close(mut self) -> Result<()> {
        self.node
            .publish_many_blocking(vec![event(&json!({ "end": "all" }))?])?;
        self.receiver.process.wait()?;
        Ok(self.node.close_blocking()?)
    }

    fn publish_all(&self, events: u64) -> Result<()> {
        let batch = (0..1_000).map(|_| event(&json!({ "none": 0 })));
        let batch = batch.collect::<Result<Vec<_>>>()?;
        for _ in 0..events / 1_000 {
            self.node.publish_many_blocking(batch.clone())?;
        }
        Ok(())
    }

    fn end(&mut self, phase: &str) -> Result<Phase> {
        self.node
            .publish_many_blocking(vec![event(&json!({ "end": phase }))?])?;
        self.receiver.phase()
    }
}

impl Receiver {
    fn start(node: &Node, folder: &Path) -> Result<Self> {
        let invite = node.swarm().invite(&InviteOptions::default())?;
        let mut process = Command::new(std::env::current_exe()?)
            .arg("receive")
            .arg(folder)
            .arg(invite)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().context("the output is piped")?;
        let mut lines = BufReader::new(output).lines();
        lines.next().context("the receiver ended")??;
        Ok(Self { process, lines })
    }

    fn phase(&mut self) -> Result<Phase> {
        receiver::parse(&self.lines.next().context("the receiver ended")??)
    }

    fn finish(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An event of about 300 bytes.
pub(crate) fn event(value: &serde_json::Value) -> Result<NewEvent> {
    let mut value = value.clone();
    value["machine"] = "press-7".into();
    value["text"] = "feed within limits, door closed, cycle started by operator. "
        .repeat(4)
        .into();
    Ok(NewEvent {
        tags: Tags::new(["bench", "machine:press-7"])?,
        payload: Payload::from_serde(&value)?,
    })
}
