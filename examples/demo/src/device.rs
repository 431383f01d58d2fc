//! One process of the floor: a node in the swarm, its apps, and the parent's orders to it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context as _, Result};
use swarmlet::{
    BlobId, BlobState, Clock as _, Hold, InviteOptions, Network, Node, Options, PutOptions,
    QueryOptions, Retention, Row, SystemClock, Tags,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::apps::{run_dashboard, run_gallery, run_line, run_machine};
use crate::figures::{Board, Picture};
use crate::machine::{Machine, STATIONS, Station};
use crate::picture::{self, Scene};
use crate::present::Present;
use crate::talk::{Answer, Content, Order, PeerFigures, PictureFigures, Report, Role, Stored};

/// What a process is told when it is started.
#[derive(Debug, clap::Args)]
pub(crate) struct Start {
    /// Which device it is.
    pub(crate) role: Role,
    /// Its data folder.
    folder: PathBuf,
    /// What its machines do.
    seed: u64,
    /// Where others are.
    peers: Vec<String>,
}

/// A running device.
struct Device {
    role: Role,
    folder: PathBuf,
    seed: u64,
    node: Node,
    board: Arc<Board>,
    machines: JoinSet<swarmlet::Result<()>>,
    /// What runs until the node is closed.
    apps: JoinSet<swarmlet::Result<()>>,
    stop: Arc<AtomicBool>,
}

/// Carries out orders until it is told to close, or the parent is gone.
pub(crate) async fn run(start: &Start) -> Result<()> {
    let mut orders = read_orders();
    let mut device = Device::open(start).await?;
    device.watch_connections();
    say(&device.opened())?;
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Close) => break,
                Some(order) => say(&device.obey(order).await?)?,
                // The parent was killed: nobody is left who would close this.
                None => return Ok(()),
            },
            Some(ended) = device.machines.join_next() => ended??,
            Some(ended) = device.apps.join_next() => ended??,
            // The terminal sends it to all processes; the parent decides what follows.
            pressed = tokio::signal::ctrl_c() => pressed?,
        }
    }
    device.node.close().await?;
    say(&Answer::Done)
}

impl Device {
    async fn open(start: &Start) -> Result<Self> {
        let node = Node::open(&start.folder, options(start)).await?;
        if start.role == Role::Office && node.swarm().id().is_none() {
            // The root key is for making other issuers, which this floor never needs.
            node.swarm().create("shop floor", start.role.name())?;
        }
        Ok(Self {
            role: start.role,
            folder: start.folder.clone(),
            seed: start.seed,
            node,
            board: Arc::new(Board::new()),
            machines: JoinSet::new(),
            apps: JoinSet::new(),
            stop: Arc::new(AtomicBool::new(false)),
        })
    }

    fn opened(&self) -> Answer {
        Answer::Opened {
            node: self.node.id().to_string(),
            is_member: self.node.swarm().id().is_some(),
        }
    }

    /// Notes since when some peer is connected, and when the last one is lost.
    fn watch_connections(&mut self) {
        let mut changes = self.node.swarm().changes();
        let board = self.board.clone();
        self.apps.spawn(async move {
            while changes.changed().await.is_ok() {
                let is_connected = !changes.borrow_and_update().peers.is_empty();
                board.connected(is_connected, SystemClock.now().micros());
            }
            Ok(())
        });
    }

    async fn obey(&mut self, order: Order) -> Result<Answer> {
        match order {
            Order::Invite => {
                let invite = self.node.swarm().invite(&InviteOptions::default())?;
                return Ok(Answer::Invite(invite));
            }
            Order::Join(invite) => {
                let swarm = self.node.swarm();
                swarm.join(&invite, self.role.name(), JOIN_MAX).await?;
                return self.listening().await;
            }
            Order::Address => return self.listening().await,
            Order::Tell => return self.report().map(Box::new).map(Answer::Report),
            Order::Compare => return self.digest().await,
            Order::Share => return self.share().await.map(Answer::Stored),
            Order::Read { blob, path } => {
                let content = self.read(blob.parse()?, path).await?;
                return Ok(Answer::Read(content));
            }
            Order::Follow => self.follow()?,
            Order::Work => self.work()?,
            Order::Disregard(devices) => {
                let mut figures = self.board.lock();
                figures.disregarded = devices;
                figures.measured_from = SystemClock.now().micros();
            }
            Order::Reach(goal) => self.reach(goal),
            Order::Stop => self.stop().await?,
            // Told apart before.
            Order::Close => {}
        }
        Ok(Answer::Done)
    }

    async fn listening(&self) -> Result<Answer> {
        let mut changes = self.node.swarm().changes();
        let status = changes
            .wait_for(|status| !status.listening.is_empty())
            .await?;
        Ok(Answer::Listening(status.listening[0].clone()))
    }

    fn follow(&mut self) -> swarmlet::Result<()> {
        let (node, board) = (&self.node, &self.board);
        let from = node.offsets()?.present;
        let dashboard = run_dashboard(node.clone(), from.clone(), board.clone());
        self.apps.spawn(dashboard);
        self.apps
            .spawn(run_gallery(node.clone(), from.clone(), board.clone()));
        if self.role == Role::Office {
            self.apps.spawn(run_line(node.clone(), from, board.clone()));
        }
        Ok(())
    }

    fn work(&mut self) -> swarmlet::Result<()> {
        for station in stations(self.role) {
            let node = self.node.scoped(station.app_id.parse()?);
            let machine = Machine::new(station, self.seed);
            let (board, stop) = (self.board.clone(), self.stop.clone());
            self.machines.spawn(run_machine(node, machine, board, stop));
        }
        Ok(())
    }

    async fn stop(&mut self) -> Result<()> {
        self.stop.store(true, Relaxed);
        while let Some(ended) = self.machines.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// Looks until everything of `goal` is there.
    fn reach(&mut self, goal: Present) {
        self.board.lock().reached_at = None;
        let (node, board) = (self.node.clone(), self.board.clone());
        self.apps.spawn(async move {
            while Present::from(&node.offsets()?.present).lacking(&goal) > 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            board.lock().reached_at = Some(SystemClock.now().micros());
            Ok(())
        });
    }

    fn report(&self) -> Result<Report> {
        let status = self.node.swarm().status();
        let present = Present::from(&self.node.offsets()?.present);
        let peers = status.peers.iter().map(|peer| PeerFigures {
            behind: peer.behind,
            round_trip: peer.round_trip,
        });
        let picture = self.board.lock().picture;
        let picture = picture.map(|picture| self.seen(picture)).transpose()?;
        let figures = self.board.lock();
        let heard = figures.heard.iter();
        Ok(Report {
            present,
            peers: peers.collect(),
            connected_at: figures.connected_at,
            incidents: status.incidents,
            acknowledged: figures.acknowledged,
            delivered: figures.delivered,
            machines: figures.machines,
            packed: figures.packed,
            boxes: figures.boxes,
            publish: figures.publish.percentiles(),
            heard: heard
                .map(|(author, latencies)| (author.to_string(), latencies.percentiles()))
                .collect(),
            reached_at: figures.reached_at,
            picture,
            disk_bytes: folder_bytes(&self.folder),
        })
    }

    fn seen(&self, picture: Picture) -> Result<PictureFigures> {
        let percent = match self.node.blobs().state(picture.id)? {
            BlobState::Here { .. } => 100,
            BlobState::Part { size, missing } => (size - missing) * 100 / size.max(1),
            BlobState::Absent => 0,
        };
        Ok(PictureFigures {
            blob: picture.id.to_string(),
            percent,
            whole_at: picture.whole_at,
        })
    }

    /// Draws the floor as it is now, and stores the picture.
    async fn share(&self) -> Result<Stored> {
        let events = Present::from(&self.node.offsets()?.present).events();
        let scene = {
            let figures = self.board.lock();
            Scene {
                machines: figures.machines,
                boxes: figures.boxes,
                events,
            }
        };
        let drawn = tokio::task::spawn_blocking(move || scene.draw()).await?;
        let content = Content::of(&drawn);
        let options = PutOptions::new()
            .name(picture::NAME)
            .media_type(picture::MEDIA_TYPE)
            .tags(Tags::new(["picture", "floor"])?)
            .hold(Hold::Everyone);
        let stored = self.node.blobs().put(drawn, options).await?;
        Ok(Stored {
            blob: stored.id.to_string(),
            content,
            at: SystemClock.now().micros(),
        })
    }

    async fn read(&self, blob: BlobId, path: Option<PathBuf>) -> Result<Content> {
        let blobs = self.node.blobs();
        let content = blobs.get(blob).read_all(PICTURE_BYTES_MAX).await?;
        if let Some(path) = path {
            blobs.get(blob).save(path).await?;
        }
        Ok(Content::of(&content))
    }

    /// The newest parts and boxes: which they are, what they say, and in which order they come.
    /// Sensor readings are left out, of which each device drops old ones in its own time.
    async fn digest(&self) -> Result<Answer> {
        let newest = format!("FROM 'part' | 'box' ORDER DESC LIMIT {COMPARED_EVENTS}");
        let mut rows = self.node.query(&newest, QueryOptions::default())?;
        let (mut events, mut digest) = (0, DefaultHasher::new());
        while let Some(chunk) = rows.next_chunk(1_024).await? {
            for event in chunk.iter().filter_map(Row::event) {
                events += 1;
                let key = event.key;
                key.stream.to_string().hash(&mut digest);
                (key.offset.get(), key.lamport.get()).hash(&mut digest);
                event.payload().as_cbor().hash(&mut digest);
            }
        }
        let digest = digest.finish();
        Ok(Answer::Digest { events, digest })
    }
}

impl Content {
    fn of(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.len() as u64,
            hash: BlobId::of(bytes).to_string(),
        }
    }
}

/// Sensor readings go to a stream of their own, of which only the last ones are kept.
fn options(start: &Start) -> Options {
    let network = Network::new()
        .listen("tcp://127.0.0.1:0")
        .discovery(false)
        .address_exchange(false);
    // Others reach the office over the relay; nobody else is told an address.
    let network = match (start.role, start.peers.first()) {
        (Role::Office, Some(relay)) => network.announce(relay),
        _ => start.peers.iter().fold(network, Network::peer),
    };
    Options::new()
        .app_id("com.example.shop.dashboard")
        .stream("sensors", Retention::keep_all().events(50_000))
        .route("'sensor'", "sensors")
        .network(network)
}

fn stations(role: Role) -> &'static [Station] {
    let (first, last) = STATIONS.split_at(3);
    match role {
        Role::Office => &[],
        Role::Line1 => first,
        Role::Line2 => last,
    }
}

/// Orders, as they come in; a thread reads them, since nothing else waits for the standard input.
fn read_orders() -> mpsc::Receiver<Order> {
    let (orders, received) = mpsc::channel(1);
    std::thread::spawn(move || -> Result<()> {
        for line in io::stdin().lock().lines() {
            let order = serde_json::from_str(&line?).context("an order cannot be read")?;
            orders.blocking_send(order)?;
        }
        Ok(())
    });
    received
}

fn say(answer: &Answer) -> Result<()> {
    let mut line = serde_json::to_string(answer)?;
    line.push('\n');
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    Ok(out.flush()?)
}

/// The sizes of all files below; what vanishes meanwhile counts nothing.
fn folder_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

const JOIN_MAX: Duration = Duration::from_secs(30);
const COMPARED_EVENTS: u64 = 10_000;
/// Several times what is drawn.
const PICTURE_BYTES_MAX: usize = 64 * 1024 * 1024;
