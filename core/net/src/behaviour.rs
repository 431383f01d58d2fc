//! What libp2p asks about connections: which are let in, which are kept, which get the stream.

use std::collections::{BTreeSet, VecDeque};
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::core::Endpoint as Role;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler,
    ToSwarm,
};
use libp2p::{Multiaddr, PeerId, Stream};
use thiserror::Error;

use crate::endpoint::{Endpoint, Protocol};
use crate::handler::{Handler, Order, Report};
use crate::key::PeerKey;
use crate::limits;
use crate::roster::{Made, Opened, Roster};

/// Why a connection that is sound is not let in.
#[derive(Debug, Error)]
pub(crate) enum Denial {
    #[error("{} connections are in admission already", limits::PENDING_INBOUND_MAX)]
    PendingInbound,
    #[error("this node has {0} connections already")]
    Connections(usize),
    #[error("the peer's key or address is of an unknown kind")]
    Kind,
}

/// What the driver hears.
pub(crate) enum Told {
    /// The stream to a peer is open; the links of the connections before it have ended.
    Opened {
        connection: ConnectionId,
        stream: Stream,
        closed: Vec<ConnectionId>,
    },
    /// A connection is being closed, since the rules were broken.
    Failed {
        connection: ConnectionId,
        reason: String,
    },
}

/// The connections of this node.
pub(crate) struct Behaviour {
    roster: Roster<ConnectionId>,
    pending_inbound: BTreeSet<ConnectionId>,
    connections_max: usize,
    pulse_every: Duration,
    out: VecDeque<ToSwarm<Told, Order>>,
}

impl Behaviour {
    pub(crate) fn new(own: PeerKey, connections_max: usize, pulse_every: Duration) -> Self {
        Self {
            roster: Roster::new(own),
            pending_inbound: BTreeSet::new(),
            connections_max,
            pulse_every,
            out: VecDeque::new(),
        }
    }

    /// Closes a connection; it counts as closed at once, however long the peer takes.
    pub(crate) fn close(&mut self, id: PeerId, connection: ConnectionId) {
        if let Some(peer) = PeerKey::of(&id) {
            self.roster.closed(peer, connection);
        }
        let connection = CloseConnection::One(connection);
        self.out.push_back(ToSwarm::CloseConnection {
            peer_id: id,
            connection,
        });
    }

    fn handler(&self, address: &Multiaddr, is_dialler: bool) -> Result<Handler, ConnectionDenied> {
        let denied = || ConnectionDenied::new(Denial::Kind);
        let endpoint = Endpoint::of(address).ok_or_else(denied)?;
        let pulse_every = (endpoint.protocol == Protocol::Tcp).then_some(self.pulse_every);
        Ok(Handler::new(is_dialler, pulse_every))
    }

    fn on_made(&mut self, id: PeerId, connection: ConnectionId, is_dialler: bool) {
        let made = match PeerKey::of(&id) {
            Some(peer) => self.roster.made(peer, connection, is_dialler),
            None => Made::Close,
        };
        match made {
            Made::Wait => {}
            Made::Close => self.close(id, connection),
            Made::Open => self.out.push_back(ToSwarm::NotifyHandler {
                peer_id: id,
                handler: NotifyHandler::One(connection),
                event: Order::OpenFrames,
            }),
        }
    }

    fn on_opened(&mut self, id: PeerId, connection: ConnectionId, stream: Stream) {
        let Some(peer) = PeerKey::of(&id) else { return };
        match self.roster.opened(peer, connection) {
            Opened::Close => self.close(id, connection),
            Opened::HandOut { close } => {
                for other in &close {
                    self.close(id, *other);
                }
                let told = Told::Opened {
                    connection,
                    stream,
                    closed: close,
                };
                self.out.push_back(ToSwarm::GenerateEvent(told));
            }
        }
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = Told;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        if self.pending_inbound.len() >= limits::PENDING_INBOUND_MAX {
            return Err(ConnectionDenied::new(Denial::PendingInbound));
        }
        self.pending_inbound.insert(connection);
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        id: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<Handler, ConnectionDenied> {
        self.pending_inbound.remove(&connection);
        let peer = PeerKey::of(&id).ok_or_else(|| ConnectionDenied::new(Denial::Kind))?;
        let (count, count_of) = (self.roster.count(), self.roster.count_of(peer));
        // A peer that is connected may connect once more: it knows better whether its old
        // connection still lives.
        let has_room = match count_of {
            0 => count < self.connections_max,
            _ => count_of < limits::CONNECTIONS_PER_PEER_MAX,
        };
        if !has_room {
            return Err(ConnectionDenied::new(Denial::Connections(count)));
        }
        self.handler(remote, false)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        address: &Multiaddr,
        _: Role,
        _: PortUse,
    ) -> Result<Handler, ConnectionDenied> {
        self.handler(address, true)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(made) => {
                self.on_made(made.peer_id, made.connection_id, made.endpoint.is_dialer());
            }
            FromSwarm::ConnectionClosed(closed) => {
                if let Some(peer) = PeerKey::of(&closed.peer_id) {
                    self.roster.closed(peer, closed.connection_id);
                }
            }
            FromSwarm::ListenFailure(failure) => {
                self.pending_inbound.remove(&failure.connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        id: PeerId,
        connection: ConnectionId,
        report: Report,
    ) {
        match report {
            Report::Opened(stream) => self.on_opened(id, connection, stream),
            Report::Failed(reason) => {
                self.close(id, connection);
                let told = Told::Failed { connection, reason };
                self.out.push_back(ToSwarm::GenerateEvent(told));
            }
        }
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Told, Order>> {
        // No waker is kept: whoever adds to the list does so from a call of the swarm, or polls
        // the swarm afterwards.
        self.out.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}
