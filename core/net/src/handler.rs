//! What happens on one connection: the stream of frames is opened, heartbeats are sent.

use std::array;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::Stream;
use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo};
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{ConnectionHandler, ConnectionHandlerEvent, SubstreamProtocol};

use crate::limits;
use crate::pulse::Pulse;

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The frames of the user.
    Frames,
    /// Heartbeats.
    Pulse,
}

impl AsRef<str> for Purpose {
    fn as_ref(&self) -> &str {
        match self {
            Self::Frames => "/swarmlet/sync/1",
            Self::Pulse => "/swarmlet/pulse/1",
        }
    }
}

/// Accepts streams of both purposes.
pub(crate) struct Offer;

impl UpgradeInfo for Offer {
    type Info = Purpose;
    type InfoIter = array::IntoIter<Purpose, 2>;

    fn protocol_info(&self) -> Self::InfoIter {
        [Purpose::Frames, Purpose::Pulse].into_iter()
    }
}

impl InboundUpgrade<Stream> for Offer {
    type Output = (Purpose, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, purpose: Purpose) -> Self::Future {
        ready(Ok((purpose, stream)))
    }
}

/// Asks for a stream of one purpose.
pub(crate) struct Ask(Purpose);

impl UpgradeInfo for Ask {
    type Info = Purpose;
    type InfoIter = array::IntoIter<Purpose, 1>;

    fn protocol_info(&self) -> Self::InfoIter {
        [self.0].into_iter()
    }
}

impl OutboundUpgrade<Stream> for Ask {
    type Output = (Purpose, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, purpose: Purpose) -> Self::Future {
        ready(Ok((purpose, stream)))
    }
}

/// An order to the handler of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// Open the stream of frames.
    OpenFrames,
}

/// What the handler of a connection reports.
#[derive(Debug)]
pub(crate) enum Report {
    /// The stream of frames is open.
    Opened(Stream),
    /// It cannot be opened, or the peer breaks the rules.
    Failed(String),
}

/// The state of one connection.
pub(crate) struct Handler {
    /// Time between heartbeats; `None` where the transport has its own.
    pulse_every: Option<Duration>,
    pulse: Option<Pulse>,
    has_frames: bool,
    asks: VecDeque<Purpose>,
    reports: VecDeque<Report>,
}

impl Handler {
    pub(crate) fn new(is_dialler: bool, pulse_every: Option<Duration>) -> Self {
        let asks = match (is_dialler, pulse_every) {
            (true, Some(_)) => VecDeque::from([Purpose::Pulse]),
            _ => VecDeque::new(),
        };
        Self {
            pulse_every,
            pulse: None,
            has_frames: false,
            asks,
            reports: VecDeque::new(),
        }
    }

    fn on_stream(&mut self, purpose: Purpose, stream: Stream) {
        match (purpose, self.pulse_every) {
            (Purpose::Frames, _) if self.has_frames => {
                let reason = "the peer opened a second stream of frames".to_owned();
                self.reports.push_back(Report::Failed(reason));
            }
            (Purpose::Frames, _) => {
                self.has_frames = true;
                self.reports.push_back(Report::Opened(stream));
            }
            (Purpose::Pulse, Some(every)) => self.pulse = Some(Pulse::new(stream, every)),
            (Purpose::Pulse, None) => {}
        }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Order;
    type ToBehaviour = Report;
    type InboundProtocol = Offer;
    type OutboundProtocol = Ask;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Offer> {
        SubstreamProtocol::new(Offer, ()).with_timeout(limits::IDLE_TIME)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Ask, (), Report>> {
        if let Some(report) = self.reports.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(report));
        }
        if let Some(purpose) = self.asks.pop_front() {
            let protocol = SubstreamProtocol::new(Ask(purpose), ()).with_timeout(limits::IDLE_TIME);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        // A peer that ends its heartbeats is dead after a while, which the timer notices.
        if self
            .pulse
            .as_mut()
            .is_some_and(|pulse| pulse.poll(cx).is_ready())
        {
            self.pulse = None;
        }
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, order: Order) {
        match order {
            Order::OpenFrames => self.asks.push_front(Purpose::Frames),
        }
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Offer, Ask>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (purpose, stream),
                ..
            })
            | ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: (purpose, stream),
                ..
            }) => self.on_stream(purpose, stream),
            ConnectionEvent::DialUpgradeError(DialUpgradeError { error, .. }) => {
                self.reports
                    .push_back(Report::Failed(format!("no stream: {error}")));
            }
            _ => {}
        }
    }
}
