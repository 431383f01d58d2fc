//! Starting and stopping the sync thread: when this node first has to do with a swarm, and when it
//! is closed.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;

use swarmlet_engine::event::Signature;
use swarmlet_engine::sync::SyncOptions;
use swarmlet_engine::sync::limits::CONNECTIONS_RECEPTION;
use swarmlet_engine::{Error, ErrorKind, Result};
use swarmlet_net::{self as net, Endpoint, Net, NetError, NetEvent};
use tokio::sync::{mpsc, watch};

use super::conversation::NodeGate;
use super::entropy::random;
use super::gatehouse::{Gatehouse, Standing};
use super::happening::Happening;
use super::membership::Membership;
use super::network::NetworkSettings;
use super::rescue::Rescuer;
use super::status::SwarmStatus;
use super::thread::{Shared, SyncTask};
use crate::attest::attest;
use crate::blobs::BlobKeeper;
use crate::limits::{FRAME_BYTES_MAX, NETWORK_RETRY};
use crate::metrics::SwarmMetrics;
use crate::state::{Phase, State};
use crate::writer::Writer;

/// What a node has to do with its swarm.
#[derive(Debug)]
pub(crate) struct SwarmSide {
    pub(super) house: Arc<Gatehouse>,
    pub(super) state: Arc<State>,
    rescuer: Arc<Rescuer>,
    blobs: Arc<BlobKeeper>,
    settings: NetworkSettings,
    writer: OnceLock<Weak<Writer>>,
    running: Mutex<Option<Running>>,
    /// Gone once the node is closed, which ends the waits for what it tells.
    teller: Mutex<Option<Teller>>,
    status: watch::Receiver<SwarmStatus>,
    reported: watch::Receiver<u64>,
}

/// Where it is told how this node stands.
#[derive(Clone, Debug)]
struct Teller {
    status: watch::Sender<SwarmStatus>,
    reported: watch::Sender<u64>,
}

/// The running thread.
#[derive(Debug)]
struct Running {
    /// There once the network could be used.
    net: Arc<OnceLock<Net>>,
    notes: mpsc::UnboundedSender<Happening>,
    thread: JoinHandle<()>,
}

impl SwarmSide {
    /// Signs as the device.
    pub(crate) fn attest(&self, purpose: &str, message: &[u8]) -> Signature {
        attest(self.house.signer.0.as_ref(), purpose, message)
    }

    /// Adds what is known here to a snapshot.
    pub(crate) fn fill(&self, metrics: &mut SwarmMetrics) {
        let wall_secs = self.house.wall_secs();
        let look = |membership: &Membership| {
            let authority = membership.members.authority();
            let times = authority.revocations().iter();
            metrics.revoked_devices = authority.revocations().cuts().count() as u64;
            metrics.revocations = authority.revocations().len() as u64;
            metrics.revoked_at = times.map(|one| one.withdrawal().revoked_at).max();
            metrics.is_clock_suspect = Some(authority.floor().secs() > wall_secs);
            Ok(())
        };
        // A node in no swarm has nothing to add.
        let _ = self.house.member(look);
    }

    /// Starts nothing yet.
    pub(crate) fn new(
        house: Arc<Gatehouse>,
        settings: NetworkSettings,
        state: Arc<State>,
        blobs: Arc<BlobKeeper>,
    ) -> Self {
        let (status_teller, status) = watch::channel(SwarmStatus::default());
        let (reported_teller, reported) = watch::channel(0);
        let teller = Teller {
            status: status_teller,
            reported: reported_teller,
        };
        Self {
            rescuer: Arc::new(Rescuer::new(house.clone(), state.clone())),
            house,
            state,
            blobs,
            settings,
            writer: OnceLock::new(),
            running: Mutex::new(None),
            teller: Mutex::new(Some(teller)),
            status,
            reported,
        }
    }

    /// Where received runs go; starts the thread if this node is a member.
    pub(crate) fn connect(&self, writer: &Arc<Writer>) -> Result<()> {
        // Called once, when the node is opened.
        let _ = self.writer.set(Arc::downgrade(writer));
        self.rescuer.resume(writer);
        let is_member = |standing: &mut Standing| matches!(standing, Standing::Member(_));
        if !self.house.with(is_member) {
            return Ok(());
        }
        // A node without a network still has its log.
        self.start_with(Patience::TriesAgain)
    }

    /// Starts the thread unless it runs; fails if the network cannot be used.
    pub(super) fn start(&self) -> Result<()> {
        self.start_with(Patience::GivesUp)
    }

    fn start_with(&self, patience: Patience) -> Result<()> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_some() {
            return Ok(());
        }
        self.state.check_open()?;
        let writer = self.writer.get().and_then(Weak::upgrade);
        let writer = writer.ok_or_else(crate::state::closed)?;
        let teller = self.teller()?;
        let (notes, noted) = mpsc::unbounded_channel();
        let (started, outcome) = std::sync::mpsc::sync_channel(1);
        let net = Arc::<OnceLock<Net>>::default();
        let setup = Setup {
            patience,
            net: net.clone(),
            network: self.net_options()?,
            sync: SyncOptions {
                instance: random()?,
                holds: self.settings.holds.clone(),
                connections_max: self.settings.connections_max,
                incarnation: self.house.incarnation()?,
                is_meeting: self.settings.has_exchange,
            },
            shared: Shared {
                house: self.house.clone(),
                state: self.state.clone(),
                rescuer: self.rescuer.clone(),
                blobs: self.blobs.clone(),
                writer,
                notes: notes.clone(),
                status: teller.status,
                reported: teller.reported,
            },
        };
        self.blobs.expect();
        // Before the thread looks at what this node is, so that it misses no change of it.
        self.house.connect(notes.clone());
        let thread = std::thread::Builder::new()
            .name("swarmlet-sync".into())
            .spawn(move || run(setup, noted, &started))
            .map_err(|error| Error::io("cannot start the sync thread", error))?;
        let begun = outcome.recv().unwrap_or_else(|_| {
            let message = "the sync thread ended before it began";
            Err(Error::new(ErrorKind::Internal, message))
        });
        if let Err(error) = begun {
            self.blobs.disconnect();
            return Err(error);
        }
        *running = Some(Running { net, notes, thread });
        Ok(())
    }

    /// Waits until the thread has ended, as it does by itself when the node closes, and lets go of
    /// what is kept.
    pub(crate) fn join(&self) {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(running) = running {
            let ended = running.thread.join();
            debug_assert!(ended.is_ok(), "the sync thread does not panic");
        }
        self.rescuer.join();
        self.house.close();
        let mut teller = self.teller.lock().unwrap_or_else(PoisonError::into_inner);
        *teller = None;
    }

    /// How this node stands in the swarm; closed once the node is.
    pub(super) fn status(&self) -> watch::Receiver<SwarmStatus> {
        let mut status = self.status.clone();
        status.mark_unchanged();
        status
    }

    /// Up to which position of the log the status tells; closed once the node is.
    pub(super) fn reported(&self) -> watch::Receiver<u64> {
        self.reported.clone()
    }

    fn teller(&self) -> Result<Teller> {
        let teller = self.teller.lock().unwrap_or_else(PoisonError::into_inner);
        teller.clone().ok_or_else(crate::state::closed)
    }

    /// Dials an address.
    pub(super) fn dial(&self, endpoint: Endpoint) {
        if let Some(net) = self.net() {
            net.dial(endpoint);
        }
    }

    /// Where this node can be reached.
    pub(super) fn announced(&self) -> Vec<Endpoint> {
        self.net().map_or_else(Vec::new, |net| net.announced())
    }

    fn net(&self) -> Option<Net> {
        self.lock().as_ref()?.net.get().cloned()
    }

    /// The network of the device has changed.
    pub(super) fn network_changed(&self) {
        if let Some(running) = self.lock().as_ref() {
            let _ = running.notes.send(Happening::NetworkChanged);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn net_options(&self) -> Result<net::Options> {
        let settings = &self.settings;
        let mut options = net::Options::new(random()?);
        if let Some(listen) = &settings.listen {
            options.listen.clone_from(listen);
        }
        options.announce.clone_from(&settings.announce);
        options.peers.clone_from(&settings.peers);
        options.mdns = settings.has_discovery;
        options.frame_bytes_max = FRAME_BYTES_MAX;
        let most = settings.connections_max;
        options.connections_max = most.saturating_add(CONNECTIONS_RECEPTION);
        Ok(options)
    }
}

/// What becomes of a network that cannot be used, say because the address to listen at is not there
/// yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    GivesUp,
    TriesAgain,
}

/// What the thread begins with.
struct Setup {
    patience: Patience,
    net: Arc<OnceLock<Net>>,
    network: net::Options,
    sync: SyncOptions,
    shared: Shared,
}

fn run(
    setup: Setup,
    notes: mpsc::UnboundedReceiver<Happening>,
    started: &std::sync::mpsc::SyncSender<Result<()>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(sync(setup, notes, started)),
        Err(error) => Err(Error::io("cannot start a runtime", error)),
    };
    if let Err(error) = outcome {
        // Whoever started the thread may have given up; the error is in the log then.
        tracing::error!(%error, "the network did not start");
        let _ = started.send(Err(error));
    }
}

async fn sync(
    setup: Setup,
    mut notes: mpsc::UnboundedReceiver<Happening>,
    started: &std::sync::mpsc::SyncSender<Result<()>>,
) -> Result<()> {
    let Setup {
        patience,
        net: kept,
        network,
        sync,
        shared,
    } = setup;
    let gate = Arc::new(NodeGate {
        house: shared.house.clone(),
        recorders: shared.state.recorders.clone(),
        nonce: random()?,
    });
    let (net, mut events) = loop {
        match start_net(network.clone(), gate.clone(), &shared.status).await {
            Ok(begun) => break begun,
            Err(error) if patience == Patience::GivesUp || error.kind() != ErrorKind::Network => {
                return Err(error);
            }
            Err(error) => {
                let _ = started.try_send(Ok(()));
                let text = error.to_string();
                let noted = |status: &mut SwarmStatus| status.note_incident(text);
                if shared.status.send_if_modified(noted) {
                    tracing::warn!(%error, "the node is open, but without a network");
                }
            }
        }
        if !wait_for_network(&shared.state, &mut notes).await {
            return Ok(());
        }
    };
    let _ = kept.set(net.clone());
    let log = shared.state.reader()?;
    let listening = net.listening().iter().map(ToString::to_string).collect();
    shared
        .status
        .send_modify(|status| status.listening = listening);
    let forwarded = shared.notes.clone();
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if forwarded.send(Happening::Net(event)).is_err() {
                return;
            }
        }
    });
    let (task, frames) = SyncTask::new(shared, sync, log, net)?;
    // Not before blobs can be fetched: whoever has waited for this may ask for one.
    let _ = started.try_send(Ok(()));
    task.run(frames, notes).await;
    Ok(())
}

/// Waits until it is worth trying again; false if the node closes.
async fn wait_for_network(state: &State, notes: &mut mpsc::UnboundedReceiver<Happening>) -> bool {
    let mut progress = state.watch_durable();
    let pause = tokio::time::sleep(NETWORK_RETRY);
    tokio::pin!(pause);
    loop {
        tokio::select! {
            () = &mut pause => return true,
            // Nothing else is lost: the machine begins with what the node knows then.
            note = notes.recv() => if matches!(note, Some(Happening::NetworkChanged)) {
                return true;
            },
            closing = progress.wait_for(|progress| progress.phase != Phase::Open) => {
                drop(closing);
                return false;
            }
        }
    }
}

/// Starts the network; without discovery if the machine does not allow it, as addresses will do.
async fn start_net(
    options: net::Options,
    gate: Arc<NodeGate>,
    status: &watch::Sender<SwarmStatus>,
) -> Result<(Net, mpsc::Receiver<NetEvent>)> {
    match Net::start(options.clone(), gate.clone()).await {
        Err(error @ NetError::Discovery { .. }) => {
            let error = unusable(error);
            tracing::warn!(%error, "other nodes are not discovered");
            status.send_if_modified(|status| status.note_incident(error.to_string()));
            let options = net::Options {
                mdns: false,
                ..options
            };
            Net::start(options, gate).await.map_err(unusable)
        }
        started => started.map_err(unusable),
    }
}

fn unusable(error: NetError) -> Error {
    let kind = match &error {
        NetError::Options { .. } => ErrorKind::InvalidArgument,
        _ => ErrorKind::Network,
    };
    Error::new(kind, "the network cannot be used").because(error)
}
