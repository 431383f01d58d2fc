//! The one task that owns the swarm of libp2p, the book of addresses and the announcements.
//!
//! Frames do not pass through it: a link is handed out once and then used by its owner directly.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::ConnectedPoint;
use libp2p::core::transport::{ListenerId, TransportError};
use libp2p::identity::Keypair;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{Config, ConnectionId, DialError, ListenError, SwarmEvent};
use libp2p::{PeerId, Stream, Swarm};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::behaviour::{Behaviour, Told};
use crate::book::{Book, Origin};
use crate::cause::{self, Cause, Kind};
use crate::discovery::Discovery;
use crate::endpoint::Endpoint;
use crate::error::NetError;
use crate::event::NetEvent;
use crate::gate::Gate;
use crate::key::PeerKey;
use crate::latch::Latch;
use crate::limits;
use crate::link::{self, Link};
use crate::options::Options;
use crate::transport::{self, Desk};

/// What the driver is told. Their channel has no bound, since some must not be lost and are sent
/// where nothing may wait; all come from this process, and the driver never waits for anything
/// else before it takes them.
pub(crate) enum Command {
    Dial(Endpoint),
    Reach(Endpoint),
    Disconnect(PeerKey),
    Leave(PeerKey),
    NetworkChanged,
    /// Announced addresses of a node of our swarm were seen, to be dialled after a while.
    Sighted {
        endpoints: Vec<Endpoint>,
        wait: Duration,
    },
    /// A half of a link was dropped, after a farewell or not.
    Ended {
        connection: ConnectionId,
        is_graceful: bool,
    },
    Stop,
}

/// A connection that libp2p has made.
struct Connection {
    peer: PeerKey,
    id: PeerId,
    endpoint: Endpoint,
    is_dialler: bool,
    /// There once its link was handed out and has not ended.
    link: Option<Arc<Latch>>,
}

/// The state of a running node.
pub(crate) struct Driver {
    own: PeerKey,
    swarm: Swarm<Behaviour>,
    book: Book,
    discovery: Option<Discovery>,
    announce: Vec<Endpoint>,
    own_dials_max: usize,
    frame_bytes_max: usize,
    dials: BTreeMap<ConnectionId, Endpoint>,
    connections: BTreeMap<ConnectionId, Connection>,
    /// Links whose peer may still read for a while.
    closing: VecDeque<(Instant, ConnectionId)>,
    discovery_check: Instant,
    outbox: VecDeque<NetEvent>,
    listening: watch::Sender<Vec<Endpoint>>,
    commands: mpsc::UnboundedSender<Command>,
}

impl Driver {
    pub(crate) fn new(
        options: &Options,
        gate: Arc<dyn Gate>,
        commands: mpsc::UnboundedSender<Command>,
        listening: watch::Sender<Vec<Endpoint>>,
    ) -> Result<Self, NetError> {
        let keypair =
            Keypair::ed25519_from_bytes(options.seed).map_err(|error| NetError::Options {
                reason: format!("seed is no key: {error}"),
            })?;
        let id = keypair.public().to_peer_id();
        let own = PeerKey::of(&id).expect("the key was made as an ed25519 key");
        let desk = Desk {
            gate: Arc::clone(&gate),
            keypair,
            own,
        };
        let behaviour = Behaviour::new(own, options.connections_max, options.pulse_every());
        let config = Config::with_tokio_executor()
            .with_idle_connection_timeout(limits::IDLE_TIME)
            .with_max_negotiating_inbound_streams(limits::STREAMS_MAX);
        let swarm = Swarm::new(transport::build(options, &desk), behaviour, id, config);
        let discovery = match options.mdns {
            true => Some(Discovery::start(gate, commands.clone())?),
            false => None,
        };
        let [a, b, c, d, e, f, g, h, ..] = *own.as_bytes();
        let mut book = Book::new(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
        for endpoint in &options.peers {
            book.add(*endpoint, Origin::Static, Instant::now());
        }
        let own_dials_max = (options.connections_max * limits::OWN_DIALS_QUARTERS / 4).max(1);
        Ok(Self {
            own,
            swarm,
            book,
            discovery,
            announce: options.announce.clone(),
            own_dials_max,
            frame_bytes_max: options.frame_bytes_max,
            dials: BTreeMap::new(),
            connections: BTreeMap::new(),
            closing: VecDeque::new(),
            discovery_check: Instant::now() + limits::DISCOVERY_CHECK,
            outbox: VecDeque::new(),
            listening,
            commands,
        })
    }

    pub(crate) fn own(&self) -> PeerKey {
        self.own
    }

    /// Listens, and waits until each listener has an address.
    pub(crate) async fn listen(&mut self, endpoints: &[Endpoint]) -> Result<(), NetError> {
        let mut waiting = BTreeMap::new();
        for endpoint in endpoints {
            let failed = |source| NetError::Listen {
                endpoint: *endpoint,
                source,
            };
            let listener = self.bind(*endpoint).await.map_err(failed)?;
            waiting.insert(listener.to_string(), *endpoint);
        }
        let deadline = Instant::now() + limits::LISTEN_TIME;
        while let Some(endpoint) = waiting.values().next().copied() {
            let Ok(event) = timeout_at(deadline, self.swarm.select_next_some()).await else {
                let source = io::ErrorKind::TimedOut.into();
                return Err(NetError::Listen { endpoint, source });
            };
            if let SwarmEvent::NewListenAddr { listener_id, .. } = &event {
                waiting.remove(&listener_id.to_string());
            }
            self.on_swarm(event);
        }
        Ok(())
    }

    /// Tries again for a while if the address is in use: the QUIC socket of a node that has just
    /// been closed lives until its last packets cannot matter any more.
    async fn bind(&mut self, endpoint: Endpoint) -> io::Result<ListenerId> {
        let deadline = Instant::now() + limits::REBIND_TIME;
        loop {
            let error = match self.swarm.listen_on(endpoint.to_multiaddr()) {
                Ok(listener) => return Ok(listener),
                Err(TransportError::Other(error)) => cause::unwrapped(error),
                Err(error) => io::Error::new(io::ErrorKind::Unsupported, error),
            };
            if error.kind() != io::ErrorKind::AddrInUse || Instant::now() >= deadline {
                return Err(error);
            }
            sleep(limits::REBIND_PAUSE).await;
        }
    }

    /// Runs until it is told to stop, or nobody takes events any more.
    pub(crate) async fn run(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<Command>,
        events: mpsc::Sender<NetEvent>,
    ) {
        loop {
            let due = self.dial_due();
            tokio::select! {
                command = inbox.recv() => match command {
                    None | Some(Command::Stop) => break,
                    Some(command) => self.on_command(command),
                },
                permit = events.reserve(), if !self.outbox.is_empty() => match permit {
                    Ok(permit) => self.deliver(permit),
                    Err(_) => break,
                },
                event = self.swarm.select_next_some(), if self.has_room() => self.on_swarm(event),
                () = sleep_until(due) => self.on_time(),
            }
        }
        self.stop().await;
    }

    fn deliver(&mut self, permit: mpsc::Permit<'_, NetEvent>) {
        if let Some(event) = self.outbox.pop_front() {
            permit.send(event);
        }
    }

    fn has_room(&self) -> bool {
        self.outbox.len() < limits::EVENTS_WAITING_MAX
    }

    /// Dials what is due; when to look again.
    fn dial_due(&mut self) -> Instant {
        let now = Instant::now();
        for endpoint in self.book.take_due(now, self.room()) {
            // A port of its own: two nodes that dial each other from the ports that they listen
            // on would be one connection with two diallers.
            let options = DialOpts::unknown_peer_id()
                .address(endpoint.to_multiaddr())
                .allocate_new_port()
                .build();
            let connection = options.connection_id();
            self.dials.insert(connection, endpoint);
            if let Err(error) = self.swarm.dial(options) {
                self.on_dial_failed(connection, &error);
            }
        }
        let closing = self.closing.front().map(|(due, _)| *due);
        let dial = self
            .book
            .next_due(self.room())
            .map(|due| due.max(now + limits::TICK_MIN));
        [closing, dial]
            .into_iter()
            .flatten()
            .fold(self.discovery_check, Instant::min)
    }

    /// How many more addresses that are not static may be dialled.
    fn room(&self) -> usize {
        let taken = self.book.connected_count() + self.book.dials();
        self.own_dials_max.saturating_sub(taken)
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Dial(endpoint) => {
                if !self.listening.borrow().contains(&endpoint) {
                    self.book.add(endpoint, Origin::Learnt, Instant::now());
                }
            }
            Command::Reach(endpoint) => {
                if !self.listening.borrow().contains(&endpoint) {
                    self.book.reach(endpoint, Instant::now());
                }
            }
            Command::Disconnect(peer) => self.disconnect(peer),
            Command::Leave(peer) => {
                self.disconnect(peer);
                self.book.leave(peer, Instant::now());
            }
            Command::NetworkChanged => {
                self.book.reset(Instant::now());
                if let Some(discovery) = &mut self.discovery {
                    discovery.restart();
                }
            }
            Command::Sighted { endpoints, wait } => self.on_sighted(endpoints, wait),
            Command::Ended {
                connection,
                is_graceful,
            } => self.on_ended(connection, is_graceful),
            Command::Stop => {}
        }
    }

    fn disconnect(&mut self, peer: PeerKey) {
        let connections = self.connections.iter();
        let doomed: Vec<_> = connections
            .filter(|(_, made)| made.peer == peer)
            .map(|(id, _)| *id)
            .collect();
        for connection in doomed {
            self.close(connection, "disconnected by this node");
        }
    }

    fn on_sighted(&mut self, mut endpoints: Vec<Endpoint>, wait: Duration) {
        endpoints.retain(|endpoint| !self.listening.borrow().contains(endpoint));
        let due = Instant::now() + wait;
        let added = self.book.sighted(&endpoints, due);
        self.outbox
            .extend(added.into_iter().map(NetEvent::Discovered));
    }

    fn on_ended(&mut self, connection: ConnectionId, is_graceful: bool) {
        let is_closing = self.closing.iter().any(|(_, other)| *other == connection);
        if !is_graceful {
            self.close(connection, "closed by this node");
        } else if !is_closing {
            self.closing
                .push_back((Instant::now() + limits::CLOSE_TIME, connection));
        }
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        while let Some((_, connection)) = self.closing.pop_front_if(|(due, _)| *due <= now) {
            self.close(connection, "closed by this node");
        }
        if self.discovery_check <= now {
            self.discovery_check = now + limits::DISCOVERY_CHECK;
            if let Some(discovery) = &mut self.discovery {
                discovery.check();
            }
        }
    }

    fn on_swarm(&mut self, event: SwarmEvent<Told>) {
        match event {
            SwarmEvent::Behaviour(Told::Opened {
                connection,
                stream,
                closed,
            }) => {
                self.on_opened(connection, stream, &closed);
            }
            SwarmEvent::Behaviour(Told::Failed { connection, reason }) => {
                self.on_closed(connection, &reason);
            }
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => {
                self.on_established(connection_id, peer_id, &endpoint);
            }
            SwarmEvent::ConnectionClosed {
                connection_id,
                cause,
                ..
            } => {
                let reason = match &cause {
                    Some(error) => cause::describe(error),
                    None => "closed by the peer".to_owned(),
                };
                self.on_closed(connection_id, &reason);
                self.connections.remove(&connection_id);
            }
            SwarmEvent::OutgoingConnectionError {
                connection_id,
                error,
                ..
            } => {
                self.on_dial_failed(connection_id, &error);
            }
            SwarmEvent::IncomingConnectionError {
                send_back_addr,
                error,
                ..
            } => {
                self.on_refused(Endpoint::of(&send_back_addr), &error);
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                self.on_listening(Endpoint::of(&address), true);
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                self.on_listening(Endpoint::of(&address), false);
            }
            SwarmEvent::ListenerClosed { reason, .. } => {
                tracing::warn!(?reason, "a listener ended");
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "a listener failed"),
            _ => {}
        }
    }

    fn on_established(&mut self, connection: ConnectionId, id: PeerId, point: &ConnectedPoint) {
        let dialled = self.dials.remove(&connection);
        let (Some(peer), Some(endpoint)) =
            (PeerKey::of(&id), Endpoint::of(point.get_remote_address()))
        else {
            return;
        };
        if let Some(dialled) = dialled {
            self.book.reached(dialled, peer);
        }
        let is_dialler = point.is_dialer();
        let made = Connection {
            peer,
            id,
            endpoint,
            is_dialler,
            link: None,
        };
        self.connections.insert(connection, made);
    }

    fn on_opened(&mut self, connection: ConnectionId, stream: Stream, closed: &[ConnectionId]) {
        for other in closed {
            self.end_link(*other, "replaced by another connection");
        }
        let Some(made) = self.connections.get_mut(&connection) else {
            return;
        };
        let latch = Arc::new(Latch::default());
        made.link = Some(Arc::clone(&latch));
        let commands = self.commands.clone();
        let (sender, receiver) =
            link::split(stream, connection, latch, self.frame_bytes_max, commands);
        let Connection {
            peer,
            endpoint,
            is_dialler,
            ..
        } = *made;
        self.book.connected(peer, Instant::now());
        let link = Link {
            peer,
            endpoint,
            is_dialler,
            sender,
            receiver,
        };
        self.outbox.push_back(NetEvent::Connected(link));
    }

    /// Closes a connection from this side.
    fn close(&mut self, connection: ConnectionId, reason: &str) {
        self.end_link(connection, reason);
        if let Some(made) = self.connections.get(&connection) {
            self.swarm.behaviour_mut().close(made.id, connection);
        }
    }

    /// Ends the link of a connection at once: whoever waits on it is told.
    fn end_link(&mut self, connection: ConnectionId, reason: &str) {
        if let Some(made) = self.connections.get_mut(&connection)
            && let Some(latch) = made.link.take()
        {
            latch.trip();
            self.tell_closed(connection, reason);
        }
    }

    /// A connection ended by itself: what has arrived can still be read.
    fn on_closed(&mut self, connection: ConnectionId, reason: &str) {
        let Some(made) = self.connections.get_mut(&connection) else {
            return;
        };
        if made.link.take().is_some() {
            self.tell_closed(connection, reason);
        } else if made.is_dialler {
            let endpoint = made.endpoint;
            self.book.unfit(endpoint, Instant::now());
        }
    }

    fn tell_closed(&mut self, connection: ConnectionId, reason: &str) {
        self.closing.retain(|(_, other)| *other != connection);
        let peer = self.connections[&connection].peer;
        self.book.lost(peer, Instant::now());
        self.outbox.push_back(NetEvent::Closed {
            peer,
            reason: reason.to_owned(),
        });
    }

    fn on_dial_failed(&mut self, connection: ConnectionId, error: &DialError) {
        let Some(endpoint) = self.dials.remove(&connection) else {
            return;
        };
        let Cause {
            peer,
            reason,
            kind,
            is_late,
        } = Cause::of_dial(error);
        let is_news = match kind {
            Kind::Oneself => {
                self.book.is_own(endpoint);
                !self.listening.borrow().contains(&endpoint)
            }
            Kind::Refused | Kind::Gone => self.book.failed(endpoint, &reason, Instant::now()),
            Kind::Parted => {
                self.book.failed(endpoint, &reason, Instant::now());
                false
            }
        };
        if is_news || is_late {
            let endpoint = Some(endpoint);
            self.outbox.push_back(NetEvent::Refused {
                peer,
                endpoint,
                is_dialler: true,
                is_late,
                reason,
            });
        }
    }

    fn on_refused(&mut self, endpoint: Option<Endpoint>, error: &ListenError) {
        let cause = Cause::of_listen(error);
        if cause.kind == Kind::Refused {
            let Cause {
                peer,
                reason,
                is_late,
                ..
            } = cause;
            self.outbox.push_back(NetEvent::Refused {
                peer,
                endpoint,
                is_dialler: false,
                is_late,
                reason,
            });
        }
    }

    fn on_listening(&mut self, endpoint: Option<Endpoint>, is_new: bool) {
        let Some(endpoint) = endpoint else { return };
        self.listening.send_modify(|listening| {
            listening.retain(|other| *other != endpoint);
            if is_new {
                listening.push(endpoint);
            }
        });
        if is_new {
            self.outbox.push_back(NetEvent::Listening(endpoint));
        }
        if let Some(discovery) = &mut self.discovery {
            let listening = self.listening.borrow();
            discovery.announce(if self.announce.is_empty() {
                &listening
            } else {
                &self.announce
            });
        }
    }

    /// Closes everything and waits for it, but not long.
    async fn stop(mut self) {
        self.discovery = None;
        let connections: Vec<_> = self.connections.keys().copied().collect();
        for connection in connections {
            self.close(connection, "this node stops");
        }
        let deadline = Instant::now() + limits::CLOSE_TIME;
        while !self.connections.is_empty() {
            match timeout_at(deadline, self.swarm.select_next_some()).await {
                Ok(event) => self.on_swarm(event),
                Err(_) => break,
            }
        }
    }
}
