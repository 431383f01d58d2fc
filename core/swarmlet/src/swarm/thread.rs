//! The thread that keeps this node in sync: it owns the sync machine and all connections.
//!
//! One thread and one task decide everything, so there is no order to get wrong: what happens goes
//! in, the machine says what to do, it is done. It reads the log and hands runs to the writer; it
//! never waits for the disk of the writer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use swarmlet_engine::Result;
use swarmlet_engine::blobs::exchange;
use swarmlet_engine::event::{NodeId, Run, StreamId};
use swarmlet_engine::log::LogReader;
use swarmlet_engine::sync::{
    CloseReason, Incident, Input, Output, Receipt, SessionId, Sync, SyncOptions,
};
use swarmlet_net::{Net, NetEvent};
use tokio::sync::{mpsc, watch};

use super::arrival::Arrival;
use super::blobs::{BlobSide, Passed};
use super::gatehouse::{Gatehouse, Standing};
use super::happening::Happening;
use super::link::OpenLink;
use super::rescue::Rescuer;
use super::status::{Peer, SwarmStatus};
use super::whereabouts::Whereabouts;
use crate::blobs::BlobKeeper;
use crate::clock::Stopwatch;
use crate::limits::{FORKS_TOLD_APART_MAX, FRAMES_AHEAD, RENEWAL_PERIOD, SYNC_TICK};
use crate::metrics::{Connected, Denied, Greeting, count};
use crate::state::{Phase, State};
use crate::writer::{Landed, Stored, Writer};

/// What the thread shares with the rest of the node.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) house: Arc<Gatehouse>,
    pub(super) state: Arc<State>,
    pub(super) rescuer: Arc<Rescuer>,
    pub(super) blobs: Arc<BlobKeeper>,
    pub(super) writer: Arc<Writer>,
    pub(super) notes: mpsc::UnboundedSender<Happening>,
    pub(super) status: watch::Sender<SwarmStatus>,
    /// Up to which position of the log the status tells.
    pub(super) reported: watch::Sender<u64>,
}

/// What the thread works on.
pub(super) struct SyncTask {
    shared: Shared,
    options: SyncOptions,
    log: LogReader,
    net: Net,
    /// There is one as soon as this node is a member.
    machine: Option<Sync>,
    /// There with the machine.
    whereabouts: Option<Whereabouts>,
    /// Up to which position of the log the machine has looked.
    looked_at: u64,
    started: Stopwatch,
    /// When it was looked last whether certificates are to be renewed.
    renewed: Option<Stopwatch>,
    links: BTreeMap<SessionId, OpenSession>,
    frames: mpsc::Sender<(SessionId, Bytes)>,
    next_session: u64,
    blobs: BlobSide,
    /// Whether a clone was met since this node was started.
    has_met_clone: bool,
    /// Streams of which two branches were met since then.
    forked: BTreeSet<StreamId>,
}

/// A connection and whose it is.
#[derive(Debug)]
struct OpenSession {
    node: NodeId,
    key: swarmlet_net::PeerKey,
    address: String,
    link: OpenLink,
    connected: Connected,
}

impl SyncTask {
    /// A task, and where the frames that it reads come from.
    pub(super) fn new(
        shared: Shared,
        options: SyncOptions,
        log: LogReader,
        net: Net,
    ) -> Result<(Self, mpsc::Receiver<(SessionId, Bytes)>)> {
        let (frames, received) = mpsc::channel(FRAMES_AHEAD);
        let task = Self {
            blobs: BlobSide::start(&shared)?,
            shared,
            options,
            log,
            net,
            machine: None,
            whereabouts: None,
            looked_at: 0,
            started: Stopwatch::start(),
            renewed: None,
            links: BTreeMap::new(),
            frames,
            next_session: 0,
            has_met_clone: false,
            forked: BTreeSet::new(),
        };
        Ok((task, received))
    }

    /// Runs until the node closes.
    pub(super) async fn run(
        mut self,
        mut frames: mpsc::Receiver<(SessionId, Bytes)>,
        mut notes: mpsc::UnboundedReceiver<Happening>,
    ) {
        let mut progress = self.shared.state.watch_durable();
        let mut tick = tokio::time::interval(SYNC_TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // Not marked as seen here: a commit that came meanwhile must still wake the loop.
        while progress.borrow().phase == Phase::Open {
            tokio::select! {
                changed = progress.changed() => match changed {
                    Ok(()) => self.committed(),
                    Err(_) => break,
                },
                Some((session, frame)) = frames.recv() => {
                    self.step(Input::Received { session, frame });
                    // There is room for some only, and nobody adds to them meanwhile.
                    while let Ok((session, frame)) = frames.try_recv() {
                        self.step(Input::Received { session, frame });
                    }
                }
                Some(note) = notes.recv() => self.happened(note),
                _ = tick.tick() => self.tick(),
            }
            self.settle_blobs();
        }
        if let (Some(whereabouts), Some(machine)) = (&mut self.whereabouts, &self.machine) {
            whereabouts.keep(machine, &self.shared.house);
        }
        self.note_tally();
        self.links.clear();
        self.blobs.end(&self.shared);
        self.net.close().await;
    }

    fn committed(&mut self) {
        // First, so that no event is counted as looked at that is not.
        let position = self.log.position();
        self.step(Input::Committed);
        self.looked_at = position;
    }

    fn happened(&mut self, note: Happening) {
        match note {
            Happening::Net(event) => self.net_event(event),
            Happening::Ended { session } => {
                if let Some(open) = self.links.remove(&session) {
                    self.shared.house.company().note_left(open.node);
                    self.step(Input::Disconnected { session });
                    self.blobs.note(exchange::Input::Disconnected { session });
                    self.report();
                }
            }
            Happening::Sent { session, bytes } => {
                self.step(Input::Sent { session, bytes });
                let unsent = self.machine.as_ref().map_or(0, |sync| sync.unsent(session));
                self.blobs.note(exchange::Input::Sent { session, unsent });
            }
            Happening::Blobs(input) => self.blobs.note(input),
            Happening::Stored { receipt, outcome } => {
                self.step(Input::Stored { receipt, outcome });
            }
            Happening::Members(members) => {
                if let Some(machine) = &mut self.machine {
                    machine.members_mut().absorb(&members);
                    self.step(Input::MembersChanged);
                    self.blobs.regroup();
                }
            }
            Happening::MetClone => self.met_clone(),
            Happening::NetworkChanged => self.net.network_changed(),
        }
    }

    fn net_event(&mut self, event: NetEvent) {
        match event {
            NetEvent::Connected(link) => {
                // Whoever was admitted is known; if not any more, the connection ends here.
                let Some(node) = self.shared.house.node_of(link.peer) else {
                    return;
                };
                let session = SessionId(self.next_session);
                self.next_session += 1;
                let key = link.peer;
                let address = link.endpoint.to_string();
                let (frames, notes) = (self.frames.clone(), self.shared.notes.clone());
                let peers = &self.shared.state.recorders.peers;
                let connected = peers.connect(node, link.endpoint.protocol, session.0);
                let open = OpenSession {
                    node,
                    key,
                    address,
                    link: OpenLink::start(session, (link, &connected.link), frames, notes),
                    connected,
                };
                self.links.insert(session, open);
                self.shared.house.company().note_met(node);
                tracing::info!(%node, "a peer is connected");
                self.step(Input::Connected {
                    session,
                    peer: node,
                });
                self.report();
            }
            NetEvent::Refused {
                endpoint,
                is_dialler,
                is_late,
                reason,
                ..
            } => {
                if is_late {
                    let recorders = &self.shared.state.recorders;
                    recorders.swarm.note_greeting(Greeting::Timeout);
                }
                // Whoever comes again and again comes from another port each time.
                let whom = endpoint.map(|endpoint| match is_dialler {
                    true => endpoint.to_string(),
                    false => endpoint.address.ip().to_string(),
                });
                let whom = whom.unwrap_or_default();
                tracing::info!(whom, %reason, "a connection was refused");
                self.shared
                    .status
                    .send_if_modified(|status| status.note_refused(whom, reason));
            }
            NetEvent::Listening(endpoint) => {
                let endpoint = endpoint.to_string();
                self.shared.status.send_if_modified(|status| {
                    let is_new = !status.listening.contains(&endpoint);
                    if is_new {
                        status.listening.push(endpoint);
                    }
                    is_new
                });
            }
            NetEvent::Discovered(endpoint) => tracing::debug!(%endpoint, "discovered"),
            NetEvent::Closed { peer, reason } => tracing::info!(%peer, %reason, "disconnected"),
        }
    }

    fn step(&mut self, input: Input) {
        let now = self.started.elapsed();
        let Some(machine) = self.machine() else {
            return;
        };
        let mut outputs = Vec::new();
        machine.step(now, input, &mut outputs);
        for output in outputs {
            self.carry_out(output);
        }
    }

    /// The machine, made when this node has become a member.
    fn machine(&mut self) -> Option<&mut Sync> {
        if self.machine.is_none() {
            let members = self.shared.house.with(|standing| match standing {
                Standing::Member(membership) => Some(membership.members.clone()),
                Standing::Alone | Standing::Joining(..) => None,
            })?;
            let (own, log) = (self.shared.house.own, self.log.clone());
            self.looked_at = log.position();
            // Whoever was dialled as a stranger is dialled again at once.
            self.net.network_changed();
            let mut machine = Sync::new(own, log, members, self.options.clone());
            self.whereabouts = Some(Whereabouts::load(&self.shared.house, &mut machine));
            self.machine = Some(machine);
        }
        self.machine.as_mut()
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Send { session, frame } => {
                if let Some(open) = self.links.get(&session) {
                    open.link.send(frame);
                }
            }
            Output::Introduced { session, peer } => {
                self.blobs
                    .note(exchange::Input::Connected { session, peer });
            }
            Output::Blobs { session, frame } => {
                self.blobs
                    .note(exchange::Input::Received { session, frame });
            }
            Output::Store { receipt, run } => self.store(receipt, run),
            Output::Close { session, reason } => self.close(session, reason),
            Output::Dial(address) => match address.as_str().parse() {
                Ok(endpoint) => self.net.reach(endpoint),
                // Of a later version, perhaps.
                Err(error) => tracing::debug!(%error, "an address cannot be dialled"),
            },
            Output::ContactsChanged => {
                if let Some(whereabouts) = &mut self.whereabouts {
                    whereabouts.note_changed();
                }
            }
            Output::MembersChanged => {
                if let Some(machine) = &self.machine {
                    self.shared.house.learnt(machine.members());
                    self.blobs.regroup();
                }
            }
            Output::NewIncarnation => self.begin_incarnation(),
            Output::Rescue { stream, from } => {
                self.shared.rescuer.add(&self.shared.writer, stream, from);
            }
            Output::Incident(incident) => {
                self.count_incident(&incident);
                self.note_incident(&incident);
            }
        }
    }

    fn store(&self, receipt: Receipt, run: Run) {
        let open = self.links.get(&receipt.session());
        let peer = open.map(|open| open.connected.peer.clone());
        let is_direct = open.is_some_and(|open| open.node == run.stream().node);
        let recorders = self.shared.state.recorders.clone();
        let arrival = Arrival::new(&run, peer, is_direct, recorders);
        let notes = self.shared.notes.clone();
        let tell = move |outcome: Result<Landed>| {
            let outcome = outcome.map(|landed| {
                arrival.note(&landed);
                landed.received
            });
            // A task that has ended needs no answer.
            let _ = notes.send(Happening::Stored { receipt, outcome });
        };
        self.shared.writer.store(run, Stored::new(tell));
    }

    /// Carries out what the exchange of blobs makes of what has happened.
    fn settle_blobs(&mut self) {
        while let Some(output) = self.blobs.next(self.started.elapsed()) {
            match output {
                Passed::Send { session, frame } => {
                    self.step(Input::SendBlobs { session, frame });
                }
                Passed::Close { session, what } => {
                    self.step(Input::Misbehaved { session, what });
                }
                Passed::Lied { peer, blob } => {
                    self.note_text(format!("{peer} sent what is not of blob {blob}"));
                }
            }
        }
    }

    fn count_incident(&mut self, incident: &Incident) {
        let recorders = &self.shared.state.recorders;
        match incident {
            // Each peer that has the other branch tells of it, and again in each session.
            Incident::Forked { stream, .. } => {
                let is_new = match self.forked.len() < FORKS_TOLD_APART_MAX {
                    true => self.forked.insert(*stream),
                    false => !self.forked.contains(stream),
                };
                if is_new {
                    count(&recorders.swarm.forks);
                }
            }
            Incident::Unreadable {
                is_damage: true, ..
            } => count(&recorders.corruptions),
            _ => {}
        }
        if let Some(denied) = Denied::told_by(incident) {
            recorders.swarm.note_denied(denied);
        }
    }

    /// Tells of what the machine has counted.
    fn note_tally(&self) {
        if let Some(machine) = &self.machine {
            let recorders = &self.shared.state.recorders;
            recorders.swarm.set_tally(machine.tally());
            recorders.peers.set_sent(&machine.tally().events_sent);
        }
    }

    fn note_incident(&self, incident: &Incident) {
        self.note_text(incident.to_string());
    }

    fn note_text(&self, incident: String) {
        let noted = |status: &mut SwarmStatus| status.note_incident(incident.clone());
        if self.shared.status.send_if_modified(noted) {
            tracing::warn!(%incident, "in the swarm");
        }
    }

    /// Another device has the identity of this one. Once since the start is enough: of two that
    /// meet, one was started after it was copied, and leaves the streams that both had.
    fn met_clone(&mut self) {
        if !std::mem::replace(&mut self.has_met_clone, true) {
            self.begin_incarnation();
        }
        let node = self.shared.house.own;
        self.note_incident(&Incident::DuplicateIdentity { node });
    }

    /// Has this device write other streams from here on.
    fn begin_incarnation(&mut self) {
        let Shared { house, writer, .. } = &self.shared;
        let begun = house.begin_incarnation().and_then(|incarnation| {
            writer.begin_incarnation(incarnation)?;
            Ok(incarnation)
        });
        match begun {
            Ok(incarnation) => self.step(Input::Incarnation(incarnation)),
            // Peers will prove again that it is needed.
            Err(error) => tracing::error!(%error, "no new incarnation can be begun"),
        }
    }

    fn close(&mut self, session: SessionId, reason: CloseReason) {
        let Some(open) = self.links.remove(&session) else {
            return;
        };
        self.shared.house.company().note_left(open.node);
        self.blobs.note(exchange::Input::Disconnected { session });
        if let Some(denied) = Denied::closing(&reason) {
            self.shared.state.recorders.swarm.note_denied(denied);
        }
        if reason == CloseReason::Crowded {
            tracing::info!(node = %open.node, "a session was closed, there are others");
            return self.net.leave(open.key);
        }
        if reason == CloseReason::Revoked {
            tracing::info!(node = %open.node, "a session was closed, its device was put out");
        } else {
            tracing::warn!(node = %open.node, %reason, "a session was closed");
        }
        self.net.disconnect(open.key);
        let (node, reason) = (open.node.to_string(), reason.to_string());
        let status = &self.shared.status;
        status.send_if_modified(|status| status.note_refused(node, reason));
    }

    fn tick(&mut self) {
        self.step(Input::Tick);
        self.blobs.note(exchange::Input::Tick);
        self.blobs.look(self.started.elapsed(), self.looked_at);
        self.shared.blobs.tell_of_pieces();
        self.tell_where();
        self.renew();
        self.note_tally();
        self.report();
    }

    fn renew(&mut self) {
        let is_due = |last: &Stopwatch| last.elapsed() >= RENEWAL_PERIOD;
        if self.machine.is_some() && self.renewed.as_ref().is_none_or(is_due) {
            self.renewed = Some(Stopwatch::start());
            self.shared.house.renew();
        }
    }

    /// Says where this node can be reached if that has changed, and keeps where others are.
    fn tell_where(&mut self) {
        let (house, now) = (&self.shared.house, self.started.elapsed());
        let (Some(whereabouts), Some(machine)) = (&mut self.whereabouts, &self.machine) else {
            return;
        };
        whereabouts.keep_if_due(machine, house, now);
        let doors = whereabouts.knock(machine, now).iter();
        doors.for_each(|door| self.net.dial(*door));
        let contact = whereabouts.announce(&self.net.announced(), house, now);
        if let Some(contact) = contact {
            self.step(Input::Announced(contact));
        }
    }

    /// Tells how far everybody is, if that has changed.
    fn report(&self) {
        let now = self.started.elapsed();
        let Some(machine) = &self.machine else {
            return;
        };
        let peers = machine.peers(now).into_iter().filter_map(|status| {
            let open = self.links.get(&status.session)?;
            Some(Peer::new(&status, open.address.clone()))
        });
        let peers: Vec<Peer> = peers.collect();
        let to_replicate = machine.to_replicate();
        self.shared.status.send_if_modified(|status| {
            let is_new = status.peers != peers || status.to_replicate != to_replicate;
            if is_new {
                status.peers = peers;
                status.to_replicate = to_replicate;
            }
            is_new
        });
        self.shared.reported.send_replace(self.looked_at);
    }
}
