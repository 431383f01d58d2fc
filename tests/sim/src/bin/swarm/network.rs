//! The network between simulated devices: connections that delay, lose, repeat and reorder frames,
//! and links that are cut, in both directions or in one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::Duration;

use bytes::Bytes;
use swarmlet_engine::sync::SessionId;
use swarmlet_sim::random::Random;

/// Number of a simulated device.
pub(crate) type Place = usize;

/// Something that will happen at a device.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Arrival {
    Frame {
        to: Place,
        connection: SessionId,
        bytes: Bytes,
    },
    Closed {
        to: Place,
        connection: SessionId,
    },
    /// Bytes that it sent are on the link.
    Written {
        to: Place,
        connection: SessionId,
        bytes: usize,
    },
}

/// How bad the network is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weather {
    pub(crate) delay_ms_max: u64,
    pub(crate) loss_per_mille: u64,
    pub(crate) repeat_per_mille: u64,
    pub(crate) reorder_per_mille: u64,
}

/// All connections, and what is on its way.
#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) weather: Weather,
    /// How much each connection takes in each direction, if not all at once.
    pub(crate) bytes_per_second: Option<u64>,
    /// When each direction of a connection is free.
    free: BTreeMap<(SessionId, Place), Duration>,
    connections: BTreeMap<SessionId, (Place, Place)>,
    next_connection: u64,
    /// Directions in which nothing gets through.
    cut: BTreeSet<(Place, Place)>,
    /// Pairs that can never reach each other.
    apart: BTreeSet<(Place, Place)>,
    on_the_way: BinaryHeap<Reverse<(Duration, u64, Arrival)>>,
    /// When the last frame of each direction arrives: connections keep the order.
    arrives: BTreeMap<(SessionId, Place), Duration>,
    sequence: u64,
}

impl Network {
    pub(crate) fn separate(&mut self, left: Place, right: Place) {
        self.apart.extend([(left, right), (right, left)]);
    }

    /// Lets all reach all.
    pub(crate) fn unite(&mut self) {
        self.apart.clear();
    }

    pub(crate) fn cut(&mut self, from: Place, to: Place) {
        self.cut.insert((from, to));
    }

    pub(crate) fn heal(&mut self) {
        self.cut.clear();
    }

    pub(crate) fn is_cut(&self) -> bool {
        !self.cut.is_empty()
    }

    /// Whether some can never reach each other.
    pub(crate) fn is_apart(&self) -> bool {
        !self.apart.is_empty()
    }

    /// The connections of a device, and who is at the other end.
    pub(crate) fn sessions(&self, of: Place) -> Vec<(SessionId, Place)> {
        let connections = self.connections.iter();
        let sessions = connections.filter_map(|(connection, (left, right))| match of {
            of if of == *left => Some((*connection, *right)),
            of if of == *right => Some((*connection, *left)),
            _ => None,
        });
        sessions.collect()
    }

    /// Whether the two have a connection.
    pub(crate) fn is_connected(&self, left: Place, right: Place) -> bool {
        let pair = |ends: &(Place, Place)| *ends == (left, right) || *ends == (right, left);
        self.connections.values().any(pair)
    }

    /// Whether both directions are free.
    pub(crate) fn is_open(&self, left: Place, right: Place) -> bool {
        let mut ways = [(left, right), (right, left)].into_iter();
        ways.all(|way| !self.cut.contains(&way) && !self.apart.contains(&way))
    }

    /// Connects two devices, if both directions are free.
    pub(crate) fn connect(&mut self, left: Place, right: Place) -> Option<SessionId> {
        if !self.is_open(left, right) {
            return None;
        }
        self.next_connection += 1;
        let connection = SessionId(self.next_connection);
        self.connections.insert(connection, (left, right));
        Some(connection)
    }

    /// The device at the other end.
    fn peer(&self, connection: SessionId, from: Place) -> Option<Place> {
        let (left, right) = *self.connections.get(&connection)?;
        Some(if from == left { right } else { left })
    }

    /// Sends a frame into the weather.
    pub(crate) fn send(
        &mut self,
        now: Duration,
        from: Place,
        connection: SessionId,
        bytes: Bytes,
        random: &mut Random,
    ) {
        let Some(to) = self.peer(connection, from) else {
            return;
        };
        let weather = self.weather;
        if self.cut.contains(&(from, to)) {
            return;
        }
        let now = self.written(now, from, connection, bytes.len());
        if random.below(1000) < weather.loss_per_mille {
            return;
        }
        let copies = 1 + u64::from(random.below(1000) < weather.repeat_per_mille);
        for _ in 0..copies {
            let delay = Duration::from_micros(50 + random.below(weather.delay_ms_max * 1000 + 1));
            let is_late = random.below(1000) < weather.reorder_per_mille;
            let last = self.arrives.entry((connection, to)).or_default();
            let at = if is_late {
                now + delay
            } else {
                (now + delay).max(*last)
            };
            *last = at.max(*last);
            let bytes = bytes.clone();
            self.push(
                at,
                Arrival::Frame {
                    to,
                    connection,
                    bytes,
                },
            );
        }
    }

    /// When all of a frame is on the link, behind what was sent before. The sender hears of it.
    fn written(
        &mut self,
        now: Duration,
        from: Place,
        connection: SessionId,
        bytes: usize,
    ) -> Duration {
        let Some(rate) = self.bytes_per_second else {
            return now;
        };
        let free = self.free.entry((connection, from)).or_default();
        let span = Duration::from_micros(bytes as u64 * 1_000_000 / rate);
        let at = now.max(*free) + span;
        *free = at;
        let to = from;
        self.push(
            at,
            Arrival::Written {
                to,
                connection,
                bytes,
            },
        );
        at
    }

    /// Ends a connection; the other end hears of it, unless the way there is cut.
    pub(crate) fn close(&mut self, now: Duration, from: Place, connection: SessionId) {
        if let Some(to) = self.peer(connection, from)
            && !self.cut.contains(&(from, to))
        {
            let last = self.arrives.get(&(connection, to)).copied();
            let at = (now + Duration::from_millis(1)).max(last.unwrap_or_default());
            self.push(at, Arrival::Closed { to, connection });
        }
        self.connections.remove(&connection);
    }

    /// Ends all connections of a device.
    pub(crate) fn close_all(&mut self, now: Duration, of: Place) {
        let is_of = |ends: &(Place, Place)| ends.0 == of || ends.1 == of;
        let open = self.connections.iter().filter(|(_, ends)| is_of(ends));
        let open: Vec<SessionId> = open.map(|(connection, _)| *connection).collect();
        for connection in open {
            self.close(now, of, connection);
        }
    }

    /// When something arrives next.
    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.on_the_way.peek().map(|Reverse((at, ..))| *at)
    }

    /// What has arrived.
    pub(crate) fn arrived(&mut self, now: Duration) -> Option<Arrival> {
        if self.next_at()? > now {
            return None;
        }
        self.on_the_way
            .pop()
            .map(|Reverse((_, _, arrival))| arrival)
    }

    fn push(&mut self, at: Duration, arrival: Arrival) {
        self.sequence += 1;
        self.on_the_way.push(Reverse((at, self.sequence, arrival)));
    }
}
