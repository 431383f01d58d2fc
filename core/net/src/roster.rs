//! Which connection to a peer is kept when there are several; pure.
//!
//! Both sides must keep the same one without asking each other. The rules:
//! - A side opens the stream only on a connection that it dialled and has chosen, and chooses none
//!   while it has another to the same peer that is open or preferred.
//! - If both dialled, the connection that the smaller key dialled is preferred.
//! - Of two that the peer dialled the newer wins: the peer chose it, so the older one is dead.

use std::collections::BTreeMap;

use crate::key::PeerKey;

/// The connections of one node, of type `I` to name them.
pub(crate) struct Roster<I> {
    own: PeerKey,
    peers: BTreeMap<PeerKey, Vec<Connection<I>>>,
}

struct Connection<I> {
    id: I,
    is_dialler: bool,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The peer dialled; whether it chooses this connection is not known.
    Waiting,
    /// We dialled and chose it; the stream is being opened.
    Opening,
    /// The stream is open and was handed out.
    Open,
}

/// What to do with a connection that has just been made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// Open the stream.
    Open,
    /// Wait for the peer to open it.
    Wait,
    /// Close it; another is in use or preferred.
    Close,
}

/// What to do with a stream that has just been opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opened<I> {
    /// Hand it out, after closing these connections, one of which may have been handed out.
    HandOut { close: Vec<I> },
    /// Close its connection.
    Close,
}

impl<I: Copy + Eq> Roster<I> {
    pub(crate) fn new(own: PeerKey) -> Self {
        Self {
            own,
            peers: BTreeMap::new(),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.peers.values().map(Vec::len).sum()
    }

    pub(crate) fn count_of(&self, peer: PeerKey) -> usize {
        self.peers.get(&peer).map_or(0, Vec::len)
    }

    pub(crate) fn made(&mut self, peer: PeerKey, id: I, is_dialler: bool) -> Made {
        let own_wins = self.own < peer;
        let connections = self.peers.entry(peer).or_default();
        if !is_dialler {
            connections.push(Connection {
                id,
                is_dialler,
                stage: Stage::Waiting,
            });
            return Made::Wait;
        }
        let is_superfluous = connections.iter().any(|other| match other.stage {
            Stage::Open | Stage::Opening => true,
            Stage::Waiting => !own_wins,
        });
        if is_superfluous {
            return Made::Close;
        }
        connections.push(Connection {
            id,
            is_dialler,
            stage: Stage::Opening,
        });
        Made::Open
    }

    pub(crate) fn opened(&mut self, peer: PeerKey, id: I) -> Opened<I> {
        let own_wins = self.own < peer;
        let Some(connections) = self.peers.get_mut(&peer) else {
            return Opened::Close;
        };
        let Some(at) = connections
            .iter()
            .position(|connection| connection.id == id)
        else {
            return Opened::Close;
        };
        let is_dialler = connections[at].is_dialler;
        let is_beaten = connections.iter().any(|other| {
            other.id != id
                && match is_dialler {
                    // The peer's own dial was handed out while ours was opening.
                    true => other.stage == Stage::Open,
                    false => other.is_dialler && own_wins,
                }
        });
        if is_beaten || connections[at].stage == Stage::Open {
            return Opened::Close;
        }
        let mut kept = connections.swap_remove(at);
        kept.stage = Stage::Open;
        // Connections of the peer without a stream are its own affair: it closes them itself.
        let close = connections
            .extract_if(.., |other| other.stage != Stage::Waiting)
            .map(|other| other.id)
            .collect();
        connections.push(kept);
        Opened::HandOut { close }
    }

    /// Forgets a connection, if it is known.
    pub(crate) fn closed(&mut self, peer: PeerKey, id: I) {
        let Some(connections) = self.peers.get_mut(&peer) else {
            return;
        };
        connections.retain(|connection| connection.id != id);
        if connections.is_empty() {
            self.peers.remove(&peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    fn key(byte: u8) -> PeerKey {
        PeerKey::new([byte; 32])
    }

    #[test]
    fn second_own_dial_is_closed() {
        let mut roster = Roster::new(key(1));
        assert_eq!(roster.made(key(2), 1, true), Made::Open);
        assert_eq!(roster.made(key(2), 2, true), Made::Close);
        assert_eq!(roster.opened(key(2), 1), Opened::HandOut { close: vec![] });
        assert_eq!(roster.made(key(2), 3, true), Made::Close);
        roster.closed(key(2), 1);
        assert_eq!(roster.count_of(key(2)), 0);
        assert_eq!(roster.made(key(2), 4, true), Made::Open);
    }

    #[test]
    fn newer_dial_of_the_peer_replaces_the_older() {
        let mut roster = Roster::new(key(1));
        roster.made(key(2), 1, false);
        roster.opened(key(2), 1);
        roster.made(key(2), 2, false);
        assert_eq!(roster.opened(key(2), 2), Opened::HandOut { close: vec![1] });
        assert_eq!(roster.count(), 1);
    }

    #[test]
    fn larger_key_leaves_it_to_the_dial_of_the_smaller() {
        let mut roster = Roster::new(key(2));
        roster.made(key(1), 1, false);
        assert_eq!(roster.made(key(1), 2, true), Made::Close);
        assert_eq!(Roster::new(key(1)).made(key(2), 2, true), Made::Open);
    }

    #[test]
    fn stream_of_an_unknown_connection_is_closed() {
        let mut roster = Roster::<u8>::new(key(1));
        assert_eq!(roster.opened(key(2), 1), Opened::Close);
    }

    /// What one side tells the other, in order.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum News {
        Made(u8),
        Stream(u8),
        Closed(u8),
    }

    /// One node with its roster and what is on the way to it, a queue a connection.
    struct Side {
        roster: Roster<u8>,
        peer: PeerKey,
        dialled: Vec<u8>,
        inbox: BTreeMap<u8, VecDeque<News>>,
        open: Vec<u8>,
    }

    impl Side {
        fn take(&mut self, id: u8) -> Vec<(u8, News)> {
            let Some(news) = self.inbox.get_mut(&id).and_then(VecDeque::pop_front) else {
                return Vec::new();
            };
            let is_dialler = self.dialled.contains(&id);
            match news {
                News::Made(_) => match self.roster.made(self.peer, id, is_dialler) {
                    // The stream counts as open here when the peer's side accepted it, which
                    // its handler does by itself: as soon as it is under way.
                    Made::Open => vec![(id, News::Stream(id))],
                    Made::Wait => vec![],
                    Made::Close => vec![(id, News::Closed(id))],
                },
                News::Stream(_) => match self.roster.opened(self.peer, id) {
                    Opened::Close => {
                        self.roster.closed(self.peer, id);
                        vec![(id, News::Closed(id))]
                    }
                    Opened::HandOut { close } => {
                        self.open = vec![id];
                        let mut out: Vec<_> = close
                            .into_iter()
                            .map(|other| (other, News::Closed(other)))
                            .collect();
                        if !is_dialler {
                            out.push((id, News::Stream(id)));
                        }
                        out
                    }
                },
                News::Closed(_) => {
                    self.roster.closed(self.peer, id);
                    self.open.retain(|open| *open != id);
                    self.inbox.remove(&id);
                    vec![]
                }
            }
        }
    }

    /// Two nodes dial each other; every order of arrival, chosen by the bits of a number, ends
    /// with the same one connection open on both sides.
    #[test]
    fn every_order_of_two_dials_ends_with_the_same_connection() {
        for order in 0_u32..1 << 14 {
            let side = |own, peer, dialled: u8| Side {
                roster: Roster::new(key(own)),
                peer: key(peer),
                dialled: vec![dialled],
                inbox: [1, 2]
                    .map(|id| (id, VecDeque::from([News::Made(id)])))
                    .into(),
                open: Vec::new(),
            };
            let mut sides = [side(1, 2, 1), side(2, 1, 2)];
            let mut bits = order;
            for turn in 0..64 {
                let (who, id) = match turn < 7 {
                    true => ((bits & 1) as usize, 1 + (bits >> 1 & 1) as u8),
                    false => (turn % 2, 1 + (turn / 2 % 2) as u8),
                };
                bits >>= 2;
                for (id, news) in sides[who].take(id) {
                    if news == News::Closed(id) {
                        sides[who].inbox.remove(&id);
                        sides[who].open.retain(|open| *open != id);
                    }
                    if let Some(queue) = sides[1 - who].inbox.get_mut(&id) {
                        queue.push_back(news);
                    }
                }
            }
            assert_eq!(sides[0].open.len(), 1, "order {order:b}");
            assert_eq!(sides[0].open, sides[1].open, "order {order:b}");
        }
    }
}
