//! How many events a second are published, each call answered before the next of its line.

use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;

use crate::figure::Figure;
use crate::http::{Api, Connection};
use crate::load::bodies;
use crate::socket::{self, Meaning};

/// How much is asked for at once.
#[derive(Clone, Copy)]
struct Load {
    name: &'static str,
    in_flight: usize,
    batch: u64,
}

/// Over HTTP so many connections with one call each; over WebSocket so many calls on one socket.
const LOADS: [Load; 4] = [
    Load {
        name: "publish, one at a time",
        in_flight: 1,
        batch: 1,
    },
    Load {
        name: "publish, 32 in flight",
        in_flight: 32,
        batch: 1,
    },
    Load {
        name: "publish, batches of 100",
        in_flight: 1,
        batch: 100,
    },
    Load {
        name: "publish, batches of 100, 4 in flight",
        in_flight: 4,
        batch: 100,
    },
];

pub(crate) async fn measure(api: &Api, duration: Duration) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for load in LOADS {
        let rates = [
            ("HTTP", over_http(api, load, duration).await?),
            ("WebSocket", over_socket(api, load, duration).await?),
        ];
        for (way, rate) in rates {
            let name = format!("{}, {way}", load.name);
            figures.push(Figure::rate(name, rate, "events/s"));
        }
    }
    Ok(figures)
}

async fn over_http(api: &Api, load: Load, duration: Duration) -> Result<f64> {
    let bodies: Vec<Bytes> = bodies(load.batch).into_iter().map(Bytes::from).collect();
    let mut connections = Vec::new();
    for _ in 0..load.in_flight {
        connections.push(api.connect().await?);
    }
    let start = Instant::now();
    let lines: Vec<_> = connections
        .into_iter()
        .map(|connection| tokio::spawn(line(connection, bodies.clone(), start, duration)))
        .collect();
    let mut calls = 0;
    for line in lines {
        calls += line.await??;
    }
    Ok((calls * load.batch) as f64 / start.elapsed().as_secs_f64())
}

/// One call after the other; how many there were.
async fn line(
    mut connection: Connection,
    bodies: Vec<Bytes>,
    start: Instant,
    duration: Duration,
) -> Result<u64> {
    let mut calls = 0;
    for body in bodies.iter().cycle() {
        if start.elapsed() > duration {
            break;
        }
        connection.post("events/publish", body.clone()).await?;
        calls += 1;
    }
    Ok(calls)
}

async fn over_socket(api: &Api, load: Load, duration: Duration) -> Result<f64> {
    let bodies = bodies(load.batch);
    let mut bodies = bodies.iter().cycle();
    let (mut asking, mut answered) = socket::open(api).await?;
    let start = Instant::now();
    let (mut calls, mut in_flight) = (0, 0);
    loop {
        while in_flight < load.in_flight && start.elapsed() <= duration {
            let body = bodies.next().expect("there are bodies");
            asking.ask("publish", body).await?;
            in_flight += 1;
        }
        if in_flight == 0 {
            break;
        }
        if answered.next().await?.meaning()? == Meaning::Complete {
            in_flight -= 1;
            calls += 1;
        }
    }
    Ok((calls * load.batch) as f64 / start.elapsed().as_secs_f64())
}
