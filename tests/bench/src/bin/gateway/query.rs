//! How many rows a second a query brings.

use std::time::Instant;

use anyhow::{Result, ensure};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use swarmlet_bench::event::{MACHINES, machine_tag};

use crate::figure::Figure;
use crate::http::Api;
use crate::socket::{self, Meaning};

pub(crate) async fn measure(api: &Api, events: u64) -> Result<Vec<Figure>> {
    // Of one machine there are more or less events than of others.
    let one = events / MACHINES / 2;
    let asked = [
        ("query, all events", "FROM allEvents".to_owned(), events),
        (
            "query, tag of 1 %",
            format!("FROM '{}'", machine_tag(7)),
            one,
        ),
    ];
    let mut figures = Vec::new();
    for (name, query, rows_min) in asked {
        let request = json!({ "query": query, "order": "asc" });
        let (mut http, mut socket) = (0.0, 0.0);
        for _ in 0..REPEATS {
            http = f64::max(http, over_http(api, &request, rows_min).await?);
            socket = f64::max(socket, over_socket(api, &request, rows_min).await?);
        }
        for (way, rate) in [("HTTP", http), ("WebSocket", socket)] {
            figures.push(Figure::rate(format!("{name}, {way}"), rate, "rows/s"));
        }
    }
    Ok(figures)
}

async fn over_http(api: &Api, request: &Value, rows_min: u64) -> Result<f64> {
    let mut connection = api.connect().await?;
    let start = Instant::now();
    let mut body = connection.lines("events/query", request).await?;
    let mut lines = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame?;
        let bytes = frame.data_ref().map(AsRef::as_ref).unwrap_or_default();
        lines += <[u8]>::iter(bytes).filter(|byte| **byte == b'\n').count();
    }
    // The last line is the offsets.
    rate(lines.saturating_sub(1), rows_min, start)
}

async fn over_socket(api: &Api, request: &Value, rows_min: u64) -> Result<f64> {
    let (mut asking, mut answered) = socket::open(api).await?;
    let start = Instant::now();
    asking.ask("query", &request.to_string()).await?;
    let mut rows = 0;
    loop {
        let frame = answered.next().await?;
        let here = frame.0.matches(EVENT).count();
        rows += here;
        if here == 0 && frame.meaning()? == Meaning::Complete {
            break;
        }
    }
    rate(rows, rows_min, start)
}

fn rate(rows: usize, rows_min: u64, start: Instant) -> Result<f64> {
    let seconds = start.elapsed().as_secs_f64();
    ensure!(rows as u64 >= rows_min, "{rows} rows came");
    Ok(rows as f64 / seconds)
}

const REPEATS: usize = 3;
/// How a row begins, with both servers.
const EVENT: &str = "{\"type\":\"event\"";
