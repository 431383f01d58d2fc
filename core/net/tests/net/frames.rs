//! Frames go both ways, whole and in order.

use std::sync::Arc;

use bytes::Bytes;
use swarmlet_net::{NetError, Options, Protocol};
use tokio::time::timeout;

use crate::node::{DEADLINE, OneWord, pair, quiet, receive, send, start, start_with};

const PROTOCOLS: [Protocol; 2] = [Protocol::Tcp, Protocol::Quic];

#[tokio::test]
async fn frames_go_both_ways() {
    for protocol in PROTOCOLS {
        let (left, mut to_right, right, mut to_left) = pair(protocol).await;
        assert_eq!(
            (to_right.peer, to_left.peer),
            (right.net.own(), left.net.own())
        );
        assert!(to_left.is_dialler && !to_right.is_dialler);
        assert_eq!(to_left.endpoint, left.endpoint());
        send(&mut to_left, "there").await;
        assert_eq!(receive(&mut to_right).await, "there");
        send(&mut to_right, "and back").await;
        assert_eq!(receive(&mut to_left).await, "and back");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_frames_of_all_sizes_arrive_in_order() {
    for protocol in PROTOCOLS {
        let (_left, mut to_right, _right, mut to_left) = pair(protocol).await;
        let frames: Vec<Bytes> = (0..2_000_usize)
            .map(|at| {
                Bytes::from(vec![
                    at as u8;
                    at * 7_919 % 3_000 + at % 500 / 499 * 900_000
                ])
            })
            .collect();
        let sent = frames.clone();
        let sending = tokio::spawn(async move {
            for frames in sent.chunks(17) {
                to_left.sender.send(frames).await.unwrap();
            }
            to_left
        });
        for frame in frames {
            let received = timeout(DEADLINE, to_right.receiver.receive())
                .await
                .unwrap();
            assert_eq!(received.unwrap().unwrap(), frame);
        }
        sending.await.unwrap();
    }
}

#[tokio::test]
async fn farewell_comes_after_the_last_frame() {
    for protocol in PROTOCOLS {
        let (mut left, mut to_right, mut right, mut to_left) = pair(protocol).await;
        send(&mut to_left, "last").await;
        to_left.sender.close().await;
        drop(to_left.receiver);
        assert_eq!(receive(&mut to_right).await, "last");
        let end = timeout(DEADLINE, to_right.receiver.receive())
            .await
            .unwrap();
        assert!(matches!(end, Ok(None)), "{end:?}");
        drop(to_right);
        left.closed().await;
        right.closed().await;
    }
}

#[tokio::test]
async fn dropping_a_half_closes_the_connection() {
    for protocol in PROTOCOLS {
        let (mut left, mut to_right, mut right, to_left) = pair(protocol).await;
        drop(to_left.receiver);
        let end = timeout(DEADLINE, to_right.receiver.receive())
            .await
            .unwrap();
        assert!(matches!(end, Err(NetError::Lost { .. })), "{end:?}");
        assert_eq!(right.closed().await.1, "closed by this node");
        assert_eq!(left.closed().await.0, right.net.own());
    }
}

#[tokio::test]
async fn frame_beyond_the_bound_is_an_error_on_either_side() {
    let mut small = start(Options {
        frame_bytes_max: 100,
        ..quiet(1, Protocol::Tcp)
    })
    .await;
    let mut large = start_with(quiet(2, Protocol::Tcp), Arc::new(OneWord("same"))).await;
    large.net.dial(small.endpoint());
    let (mut to_small, mut to_large) = (large.connected().await, small.connected().await);
    let [fits, exceeds] = [100, 101].map(|bytes| Bytes::from(vec![7; bytes]));
    let refused = to_large.sender.send(std::slice::from_ref(&exceeds)).await;
    assert!(matches!(
        refused,
        Err(NetError::FrameTooLarge {
            bytes: 101,
            bytes_max: 100
        })
    ));
    to_large
        .sender
        .send(std::slice::from_ref(&fits))
        .await
        .unwrap();
    to_small
        .sender
        .send(&[fits.clone(), exceeds])
        .await
        .unwrap();
    assert_eq!(to_small.receiver.receive().await.unwrap().unwrap(), fits);
    assert_eq!(to_large.receiver.receive().await.unwrap().unwrap(), fits);
    let refused = to_large.receiver.receive().await;
    assert!(matches!(
        refused,
        Err(NetError::FrameTooLarge {
            bytes: 101,
            bytes_max: 100
        })
    ));
}

#[tokio::test]
async fn cancelled_send_spoils_the_sender_only() {
    let (_left, mut to_right, _right, mut to_left) = pair(Protocol::Tcp).await;
    // Nobody reads, so this fills all windows and is cancelled half way.
    let frames = vec![Bytes::from(vec![1; 1 << 20]); 64];
    let cancelled = timeout(
        std::time::Duration::from_millis(300),
        to_left.sender.send(&frames),
    );
    assert!(cancelled.await.is_err());
    assert!(matches!(
        to_left.sender.send(&[]).await,
        Err(NetError::Closed)
    ));
    send(&mut to_right, "still").await;
    assert_eq!(receive(&mut to_left).await, "still");
}

#[tokio::test]
async fn cancelled_receive_loses_nothing() {
    let (_left, mut to_right, _right, mut to_left) = pair(Protocol::Tcp).await;
    for turn in 0..50 {
        let none = timeout(std::time::Duration::ZERO, to_right.receiver.receive()).await;
        assert!(none.is_err());
        send(&mut to_left, &format!("turn {turn}")).await;
        assert_eq!(receive(&mut to_right).await, format!("turn {turn}"));
    }
}
