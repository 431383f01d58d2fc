//! Who is not admitted gets nothing, and both sides learn why.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use swarmlet_net::{Gate, Handshake, Options, PeerKey, Protocol, Step, Then, limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::node::{DEADLINE, OneWord, quiet, start, start_with};

const PROTOCOLS: [Protocol; 2] = [Protocol::Tcp, Protocol::Quic];

#[tokio::test]
async fn reason_of_a_refusal_arrives_at_both_sides() {
    for protocol in PROTOCOLS {
        let mut left = start_with(quiet(1, protocol), Arc::new(OneWord("left"))).await;
        let mut right = start_with(quiet(2, protocol), Arc::new(OneWord("right"))).await;
        right.net.dial(left.endpoint());
        let (peer, reason) = left.refused().await;
        assert_eq!(
            (peer, reason.as_str()),
            (Some(right.net.own()), "\"right\" is not \"left\"")
        );
        let (peer, reason) = right.refused().await;
        assert_eq!(
            (peer, reason.as_str()),
            (Some(left.net.own()), "\"left\" is not \"right\"")
        );
    }
}

/// Admits at once, and says what it hears after that.
struct Trusting;

impl Gate for Trusting {
    fn begin(&self, _: PeerKey, _: PeerKey, _: bool) -> Box<dyn Handshake> {
        Box::new(Trusting)
    }

    fn label(&self) -> String {
        "trusting".to_owned()
    }

    fn is_ours(&self, _: &str) -> bool {
        false
    }
}

impl Handshake for Trusting {
    fn step(&mut self, received: Option<&[u8]>) -> Step {
        match received {
            None => Step {
                send: Some(b"anything".to_vec()),
                then: Then::Admit,
            },
            Some(word) if word == b"not anything" => Step {
                send: None,
                then: Then::Refuse("it told me why".to_owned()),
            },
            Some(_) => Step {
                send: None,
                then: Then::Receive,
            },
        }
    }
}

#[tokio::test]
async fn one_who_had_admitted_learns_why_it_is_refused() {
    for protocol in PROTOCOLS {
        for trusting_dials in [false, true] {
            let mut strict = start_with(quiet(1, protocol), Arc::new(OneWord("word"))).await;
            let mut trusting = start_with(quiet(2, protocol), Arc::new(Trusting)).await;
            match trusting_dials {
                true => trusting.net.dial(strict.endpoint()),
                false => strict.net.dial(trusting.endpoint()),
            }
            assert_eq!(trusting.refused().await.1, "it told me why");
            assert_eq!(strict.refused().await.1, "\"anything\" is not \"word\"");
        }
    }
}

/// Waits for a word that nobody says.
struct Mute;

impl Gate for Mute {
    fn begin(&self, _: PeerKey, _: PeerKey, _: bool) -> Box<dyn Handshake> {
        Box::new(Mute)
    }

    fn label(&self) -> String {
        "mute".to_owned()
    }

    fn is_ours(&self, _: &str) -> bool {
        false
    }
}

impl Handshake for Mute {
    fn step(&mut self, _: Option<&[u8]>) -> Step {
        Step {
            send: None,
            then: Then::Receive,
        }
    }
}

#[tokio::test]
async fn handshake_that_never_answers_ends_in_time() {
    for protocol in PROTOCOLS {
        let patient = |seed| Options {
            dead_after: Duration::from_secs(60),
            ..quiet(seed, protocol)
        };
        let mut left = start_with(patient(1), Arc::new(Mute)).await;
        let mut right = start_with(patient(2), Arc::new(Mute)).await;
        let begun = Instant::now();
        right.net.dial(left.endpoint());
        let (_, here) = right.refused().await;
        let (_, there) = left.refused().await;
        assert!(
            begun.elapsed() < Duration::from_millis(6_500),
            "{:?}",
            begun.elapsed()
        );
        assert!(
            here.contains("within 5 s") || there.contains("within 5 s"),
            "{here}, {there}"
        );
    }
}

#[tokio::test]
async fn stranger_who_says_nothing_is_dropped() {
    let mut node = start(quiet(1, Protocol::Tcp)).await;
    let mut stranger = TcpStream::connect(node.endpoint().address).await.unwrap();
    let ended = timeout(DEADLINE, stranger.read(&mut [0; 64]))
        .await
        .unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    let (peer, reason) = node.refused().await;
    assert_eq!(peer, None);
    assert!(reason.contains("nothing arrived"), "{reason}");
}

#[tokio::test]
async fn one_stranger_too_many_is_dropped_at_once() {
    let patient = Options {
        dead_after: Duration::from_secs(60),
        ..quiet(1, Protocol::Tcp)
    };
    let mut node = start(patient).await;
    let mut strangers = Vec::new();
    for _ in 0..=limits::PENDING_INBOUND_MAX {
        strangers.push(TcpStream::connect(node.endpoint().address).await.unwrap());
    }
    let (peer, reason) = node.refused().await;
    assert_eq!(peer, None);
    assert!(
        reason.contains("64 connections are in admission already"),
        "{reason}"
    );
    strangers.pop();
    assert!(node.event_now().is_none());
}

#[tokio::test]
async fn stranger_who_talks_nonsense_gets_nothing() {
    let mut node = start(quiet(1, Protocol::Tcp)).await;
    let mut stranger = TcpStream::connect(node.endpoint().address).await.unwrap();
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut heard = Vec::new();
    match timeout(DEADLINE, stranger.read_to_end(&mut heard))
        .await
        .unwrap()
    {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    assert_eq!(heard, []);
    assert_eq!(node.refused().await.0, None);
}

#[tokio::test]
async fn inbound_connections_beyond_the_bound_are_closed() {
    let mut full = start(Options {
        connections_max: 1,
        ..quiet(1, Protocol::Tcp)
    })
    .await;
    let mut first = start(quiet(2, Protocol::Tcp)).await;
    first.net.dial(full.endpoint());
    let _held = (full.connected().await, first.connected().await);
    let mut second = start(quiet(3, Protocol::Tcp)).await;
    second.net.dial(full.endpoint());
    assert!(full.refused().await.1.contains("1 connections already"));
    assert!(
        second
            .event_now()
            .is_none_or(|event| { !matches!(event, swarmlet_net::NetEvent::Connected(_)) })
    );

    // A static address is reached all the same.
    let mut fourth = start(quiet(4, Protocol::Tcp)).await;
    let options = Options {
        connections_max: 1,
        peers: vec![first.endpoint(), fourth.endpoint()],
        ..quiet(5, Protocol::Tcp)
    };
    let mut fifth = start(options).await;
    let links = [fifth.connected().await, fifth.connected().await];
    assert_ne!(links[0].peer, links[1].peer);
    let _links = (fourth.connected().await, first.connected().await);
}
