//! A node with its events, and the verbs that the tests are told in.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use swarmlet_net::{
    Endpoint, Gate, Handshake, Link, Net, NetEvent, Options, PeerKey, Protocol, Step, Then,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Longer than anything takes on a busy machine; a test that waits so long fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// What the quiet nodes have as their `dead_after`.
pub(crate) const DEAD_AFTER: Duration = Duration::from_millis(1_000);

pub(crate) struct Node {
    pub(crate) net: Net,
    events: mpsc::Receiver<NetEvent>,
}

/// Options of a quiet node on a free port of the loopback.
pub(crate) fn quiet(seed: u8, protocol: Protocol) -> Options {
    let address = ([127, 0, 0, 1], 0).into();
    Options {
        listen: vec![Endpoint { protocol, address }],
        mdns: false,
        dead_after: DEAD_AFTER,
        ..Options::new([seed; 32])
    }
}

pub(crate) async fn start(options: Options) -> Node {
    start_with(options, Arc::new(OneWord("same"))).await
}

pub(crate) async fn start_with(options: Options, gate: Arc<dyn Gate>) -> Node {
    let (net, events) = Net::start(options, gate).await.expect("a node");
    Node { net, events }
}

/// Two nodes with a link, the second dialled.
pub(crate) async fn pair(protocol: Protocol) -> (Node, Link, Node, Link) {
    let mut left = start(quiet(1, protocol)).await;
    let mut right = start(quiet(2, protocol)).await;
    right.net.dial(left.endpoint());
    let (to_left, to_right) = (right.connected().await, left.connected().await);
    (left, to_right, right, to_left)
}

impl Node {
    pub(crate) fn endpoint(&self) -> Endpoint {
        self.net.listening()[0]
    }

    pub(crate) async fn event(&mut self) -> NetEvent {
        let event = timeout(DEADLINE, self.events.recv()).await;
        event
            .expect("an event before the deadline")
            .expect("the node runs")
    }

    /// Polls for the next event.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<NetEvent> {
        self.events
            .poll_recv(cx)
            .map(|event| event.expect("the node runs"))
    }

    /// The next event if there is one already.
    pub(crate) fn event_now(&mut self) -> Option<NetEvent> {
        self.events.try_recv().ok()
    }

    pub(crate) async fn connected(&mut self) -> Link {
        loop {
            if let NetEvent::Connected(link) = self.event().await {
                return link;
            }
        }
    }

    pub(crate) async fn refused(&mut self) -> (Option<PeerKey>, String) {
        loop {
            match self.event().await {
                NetEvent::Refused { peer, reason, .. } => return (peer, reason),
                NetEvent::Connected(link) => panic!("connected: {link:?}"),
                _ => {}
            }
        }
    }

    pub(crate) async fn closed(&mut self) -> (PeerKey, String) {
        loop {
            if let NetEvent::Closed { peer, reason } = self.event().await {
                return (peer, reason);
            }
        }
    }

    /// Whether the node has ended its events, taking what is left of them.
    pub(crate) async fn ended(&mut self) {
        while timeout(DEADLINE, self.events.recv())
            .await
            .expect("an end")
            .is_some()
        {}
    }
}

pub(crate) async fn send(link: &mut Link, text: &str) {
    let frames = [Bytes::copy_from_slice(text.as_bytes())];
    let sent = timeout(DEADLINE, link.sender.send(&frames)).await;
    sent.expect("sent before the deadline")
        .expect("a link that lives");
}

pub(crate) async fn receive(link: &mut Link) -> String {
    let received = timeout(DEADLINE, link.receiver.receive()).await;
    let frame = received
        .expect("a frame before the deadline")
        .expect("a link that lives");
    String::from_utf8(frame.expect("no farewell yet").to_vec()).expect("text was sent")
}

/// Admits who says the same word.
pub(crate) struct OneWord(pub(crate) &'static str);

impl Gate for OneWord {
    fn begin(&self, own: PeerKey, peer: PeerKey, _: bool) -> Box<dyn Handshake> {
        assert_ne!(own, peer);
        Box::new(SayWord(self.0))
    }

    fn label(&self) -> String {
        format!("{}-word", self.0)
    }

    fn is_ours(&self, _: &str) -> bool {
        false
    }
}

struct SayWord(&'static str);

impl Handshake for SayWord {
    fn step(&mut self, received: Option<&[u8]>) -> Step {
        match received {
            None => Step {
                send: Some(self.0.into()),
                then: Then::Receive,
            },
            Some(word) if word == self.0.as_bytes() => Step {
                send: None,
                then: Then::Admit,
            },
            Some(word) => {
                let word = String::from_utf8_lossy(word);
                let then = Then::Refuse(format!("{word:?} is not {:?}", self.0));
                Step {
                    send: Some(format!("not {word}").into_bytes()),
                    then,
                }
            }
        }
    }
}
