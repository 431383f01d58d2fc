//! From the call that publishes an event until a subscription has it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::{Buf as _, Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::figure::Figure;
use crate::http::Api;
use crate::socket::{self, Answered, Asking};

/// What brings the events of a subscription.
enum Coming {
    Lines(Incoming),
    Frames { _asking: Asking, answered: Answered },
}

pub(crate) async fn measure(api: &Api, rate: u64, duration: Duration) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (way, tag) in [("HTTP", "bench:http"), ("WebSocket", "bench:socket")] {
        let request = json!({ "query": format!("FROM '{tag}'") });
        let coming = match way {
            "HTTP" => {
                let mut connection = api.connect().await?;
                Coming::Lines(connection.lines("events/subscribe", &request).await?)
            }
            _ => {
                let (mut asking, answered) = socket::open(api).await?;
                asking.ask("subscribe", &request.to_string()).await?;
                Coming::Frames {
                    _asking: asking,
                    answered,
                }
            }
        };
        let count = rate * duration.as_secs();
        let millis = through(coming, api, tag, rate, count).await?;
        let name = format!("publish to subscriber, {rate}/s, {way}");
        figures.extend(Figure::times(&name, &millis));
    }
    Ok(figures)
}

/// Publishes while somebody subscribes; how long each event took.
async fn through(
    coming: Coming,
    api: &Api,
    tag: &'static str,
    rate: u64,
    count: u64,
) -> Result<Vec<f64>> {
    let (start, has_caught_up) = (Instant::now(), Arc::new(Notify::new()));
    let receiving = tokio::spawn(receive(coming, start, count, has_caught_up.clone()));
    timeout(WAIT_MAX, has_caught_up.notified())
        .await
        .context("the subscription does not catch up")?;
    let sent = publish(api, tag, start, rate, count).await?;
    let received = timeout(WAIT_MAX, receiving).await;
    drop(sent);
    received.context("events do not arrive")??
}

/// Publishes on a socket when it is time to, whether or not the calls before are answered. The
/// socket stays open until what this gives is dropped.
async fn publish(
    api: &Api,
    tag: &str,
    start: Instant,
    rate: u64,
    count: u64,
) -> Result<(Asking, tokio::task::JoinHandle<()>)> {
    let (mut asking, mut answered) = socket::open(api).await?;
    let answers = tokio::spawn(async move { while answered.next().await.is_ok() {} });
    let mut turns = interval(Duration::from_secs(1) / rate as u32);
    turns.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let text = ".".repeat(200);
    for _ in 0..count {
        turns.tick().await;
        let payload = json!({ "sent": start.elapsed().as_micros() as u64, "text": text });
        let request = json!({ "data": [{ "tags": [tag], "payload": payload }] });
        asking.ask("publish", &request.to_string()).await?;
    }
    Ok((asking, answers))
}

async fn receive(
    mut coming: Coming,
    start: Instant,
    count: u64,
    has_caught_up: Arc<Notify>,
) -> Result<Vec<f64>> {
    let mut millis = Vec::new();
    let mut rest = BytesMut::new();
    while (millis.len() as u64) < count {
        for item in coming.next(&mut rest).await? {
            let now = start.elapsed().as_micros() as f64;
            match item["type"].as_str() {
                Some("event") => {
                    let sent = item["payload"]["sent"].as_u64().context("not our event")?;
                    millis.push((now - sent as f64) / 1e3);
                }
                Some("offsets") => has_caught_up.notify_one(),
                _ => {}
            }
        }
    }
    Ok(millis)
}

impl Coming {
    /// What comes next: some items, or none if there was only a sign of life.
    async fn next(&mut self, rest: &mut BytesMut) -> Result<Vec<Value>> {
        match self {
            Self::Lines(body) => {
                let frame = body.frame().await.context("the subscription ended")??;
                rest.extend_from_slice(&frame.into_data().unwrap_or_default());
                let mut items = Vec::new();
                while let Some(line) = line(rest) {
                    items.push(serde_json::from_slice(&line)?);
                }
                Ok(items)
            }
            Self::Frames { answered, .. } => {
                let frame = answered.next().await?;
                frame.meaning()?;
                let mut frame: Value = serde_json::from_str(&frame.0)?;
                Ok(serde_json::from_value(frame["payload"].take()).unwrap_or_default())
            }
        }
    }
}

/// The next whole line that says something.
fn line(rest: &mut BytesMut) -> Option<Bytes> {
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = rest.split_to(end);
        rest.advance(1);
        if !line.is_empty() {
            return Some(line.freeze());
        }
    }
}

/// Longer than whoever is behind by some seconds needs.
const WAIT_MAX: Duration = Duration::from_secs(60);
