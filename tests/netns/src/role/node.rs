//! The device: opens a node and does with it what it is told.

use std::collections::BTreeMap;
use std::io::{BufRead, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde_json::{Value, to_value};
use swarmlet::{InviteOptions, Network, Node, NodeId, Options, QueryOptions, Row, Swarm};

use super::clock::AheadClock;
use super::fetch::{Fetch, store};
use super::load::{Load, publish_all};
use super::random::Random;
use super::thief::Thief;
use crate::ack::Ack;
use crate::orders::{Line, Opening, Order, Standing};
use crate::stage::PATIENCE;

/// Carries out orders until there are no more: then, whatever it is at, the process ends.
pub(crate) fn run() -> Result<()> {
    let mut device = Device::default();
    for order in orders() {
        let line = match device.carry_out(order) {
            Ok(answer) => Line::Done(answer),
            Err(error) => Line::Failed(format!("{error:#}")),
        };
        say(&line)?;
    }
    Ok(())
}

/// The orders of the standard input, read by a thread that ends the process with their end: no
/// device outlives the program that has started it.
fn orders() -> Receiver<Order> {
    let (tx, rx) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let order = line.ok().and_then(|line| serde_json::from_str(&line).ok());
            let Some(order) = order else { break };
            if tx.send(order).is_err() {
                break;
            }
        }
        std::process::exit(0);
    });
    rx
}

/// Writes a line, whole.
pub(super) fn say(line: &Line) -> Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).context("nobody listens")?;
    out.flush().context("nobody listens")
}

#[derive(Default)]
struct Device {
    node: Option<Node>,
    load: Option<Load>,
    fetch: Option<Fetch>,
    thief: Option<Thief>,
}

impl Device {
    fn carry_out(&mut self, order: Order) -> Result<Value> {
        match order {
            Order::Open { folder, opening } => answer(self.open(&folder, &opening)?),
            Order::Close => answer(self.close()?),
            Order::Create => answer(create(&self.swarm()?)?),
            Order::Invite => answer(self.swarm()?.invite(&InviteOptions::default())?),
            Order::Join { invite } => answer(join(&self.swarm()?, &invite)?),
            Order::Ask { address } => answer(ask(&self.swarm()?, &address)?),
            Order::Revoke { device } => answer(revoke(&self.swarm()?, &device)?),
            Order::Publish { events, bytes } => answer(publish(self.node()?, events, bytes)?),
            Order::Load { pause_ms } => answer(self.begin_load(pause_ms)?),
            Order::StopLoad => answer(self.load.take().context("no load")?.stop()?),
            Order::AwaitPeers { count } => answer(await_peers(&self.swarm()?, count)?),
            Order::AwaitPresent { offsets } => answer(await_present(self.node()?, &offsets)?),
            Order::Present => answer(present(self.node()?)?),
            Order::Status => answer(standing(&self.swarm()?)),
            Order::Events => answer(events(self.node()?)?),
            Order::Store { bytes } => answer(store(self.node()?, bytes)?),
            Order::Fetch { blob, file } => {
                self.fetch = Some(Fetch::start(self.node()?, &blob, file)?);
                answer(())
            }
            Order::Fetched => answer(self.fetching()?.bytes(self.node()?)?),
            Order::AwaitFetched => answer(self.fetch.take().context(NOTHING_FETCHED)?.finish()?),
            Order::Reach { address } => answer(reach(&address)?),
            Order::Steal {
                folder,
                peers,
                guise,
            } => {
                self.thief = Some(Thief::start(&folder, &peers, guise)?);
                answer(())
            }
            Order::Loot => answer(self.thief.as_ref().context("no thief")?.loot()),
        }
    }

    fn open(&mut self, folder: &Path, opening: &Opening) -> Result<String> {
        ensure!(self.node.is_none(), "a node is open");
        let mut network = Network::new().discovery(opening.discovery);
        for address in &opening.listen {
            network = network.listen(address);
        }
        for address in &opening.peers {
            network = network.peer(address);
        }
        let clock = Arc::new(AheadClock(opening.clock_ahead_secs));
        let options = Options::new().network(network).clock(clock);
        let node = self.node.insert(Node::open_blocking(folder, options)?);
        Ok(node.id().to_string())
    }

    fn close(&mut self) -> Result<()> {
        let node = self.node.take().context("no node is open")?;
        Ok(node.close_blocking()?)
    }

    fn begin_load(&mut self, pause_ms: u64) -> Result<()> {
        let node = self.node()?.clone();
        self.load = Some(Load::start(node, Duration::from_millis(pause_ms)));
        Ok(())
    }

    fn fetching(&self) -> Result<&Fetch> {
        self.fetch.as_ref().context(NOTHING_FETCHED)
    }

    fn node(&self) -> Result<&Node> {
        self.node.as_ref().context("no node is open")
    }

    fn swarm(&self) -> Result<Swarm> {
        Ok(self.node()?.swarm())
    }
}

fn answer(value: impl Serialize) -> Result<Value> {
    Ok(to_value(value)?)
}

fn create(swarm: &Swarm) -> Result<()> {
    swarm.create("plant", "founder")?;
    Ok(())
}

fn join(swarm: &Swarm, invite: &str) -> Result<()> {
    Ok(swarm.join_blocking(invite, "device", PATIENCE)?)
}

fn ask(swarm: &Swarm, address: &str) -> Result<u32> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(swarm.ask(address, "stranger", PATIENCE))?)
}

fn revoke(swarm: &Swarm, device: &str) -> Result<()> {
    let device: NodeId = device.parse().context("not an identity")?;
    Ok(swarm.revoke(device, "stolen")?)
}

fn publish(node: &Node, count: usize, bytes: usize) -> Result<Vec<Ack>> {
    let mut random = Random::new()?;
    let mut acks = Vec::new();
    while acks.len() < count {
        let events = (acks.len()..count).take(EVENTS_PER_CALL);
        let events: Result<Vec<_>> = events.map(|_| random.event(bytes)).collect();
        acks.extend(publish_all(node, events?)?);
    }
    Ok(acks)
}

fn await_peers(swarm: &Swarm, count: usize) -> Result<()> {
    wait_until(|| Ok(swarm.peers().len() >= count))
        .with_context(|| format!("{} peers, not {count}", swarm.peers().len()))
}

fn await_present(node: &Node, wanted: &BTreeMap<String, u64>) -> Result<()> {
    let is_here = || {
        let here = present(node)?;
        Ok(wanted
            .iter()
            .all(|(stream, last)| here.get(stream).is_some_and(|here| here >= last)))
    };
    wait_until(is_here).with_context(|| format!("has {:?}, not {wanted:?}", present(node).ok()))
}

fn wait_until(mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !is_so()? {
        if Instant::now() > deadline {
            bail!("it did not happen within {} s", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn present(node: &Node) -> Result<BTreeMap<String, u64>> {
    let present = node.offsets()?.present;
    let pair =
        |(stream, last): (swarmlet::StreamId, swarmlet::Offset)| (stream.to_string(), last.get());
    Ok(present.iter().map(pair).collect())
}

fn standing(swarm: &Swarm) -> Standing {
    let status = swarm.status();
    let peers = status.peers.iter();
    Standing {
        peers: peers
            .map(|peer| (peer.node.to_string(), peer.address.clone()))
            .collect(),
        listening: status.listening,
        refused: status.refused,
        incidents: status.incidents,
    }
}

fn events(node: &Node) -> Result<Vec<Ack>> {
    let mut results = node.query("FROM allEvents", QueryOptions::default())?;
    let mut events = Vec::new();
    while let Some(rows) = results.next_chunk_blocking(4096)? {
        let rows = rows.into_iter().filter_map(Row::into_event);
        events.extend(rows.map(|event| Ack::of(&event)));
    }
    Ok(events)
}

fn reach(address: &str) -> Result<bool> {
    let address: SocketAddr = address.parse()?;
    match TcpStream::connect_timeout(&address, Duration::from_secs(1)) {
        Ok(_) => Ok(true),
        Err(error) => Ok(error.kind() == ErrorKind::ConnectionRefused),
    }
}

const NOTHING_FETCHED: &str = "nothing is being fetched";
/// Of large events too no more than a call may hold.
const EVENTS_PER_CALL: usize = 32;
