//! Everything the guide shows, as one program that runs: docs/guide/getting-started.md quotes it.

#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use swarmlet::{
    AppId, Durability, ErrorKind, NewEvent, Node, Offset, Offsets, Options, Order, Parameters,
    Payload, QueryOptions, Result, Retention, SubscribeOptions, Tags, query_mistake,
};

#[derive(Serialize, Deserialize)]
struct Stopped {
    reason: String,
    parts_lost: u32,
}

#[tokio::main]
async fn main() -> Result<()> {
    let node = open().await?;
    publish(&node).await?;
    query(&node).await?;
    subscribe(&node).await?;
    resume(&node).await?;
    several_apps(&node).await?;
    errors(&node).await?;
    node.close().await?;
    other_durability().await
}

async fn open() -> Result<Node> {
    let options = Options::new()
        .app_id("com.example.press")
        .stream(
            "sensors",
            Retention::keep_all().events(1_000_000).age(30 * DAY),
        )
        .route("'sensor'", "sensors");
    let node = Node::open("press-7", options).await?;
    println!("this device is {}", node.id());
    Ok(node)
}

async fn publish(node: &Node) -> Result<()> {
    let tags = Tags::new(["press:7", "stopped"])?;
    let payload = Payload::from_serde(&Stopped {
        reason: "jam".into(),
        parts_lost: 2,
    })?;
    let published = node.publish(tags, payload).await?;
    println!("durable as {:?}", published.key);

    let reading = |celsius: f64| -> Result<NewEvent> {
        Ok(NewEvent {
            tags: Tags::new(["press:7", "sensor"])?,
            payload: Payload::from_serde(&json!({ "celsius": celsius }))?,
        })
    };
    node.publish_many(vec![reading(61.5)?, reading(61.7)?])
        .await?;
    Ok(())
}

async fn query(node: &Node) -> Result<()> {
    let options = QueryOptions {
        order: Order::Descending,
        ..QueryOptions::default()
    };
    let mut results = node.query("FROM 'press:7' & 'stopped' LIMIT 10", options)?;
    while let Some(rows) = results.next_chunk(256).await? {
        for row in rows {
            let stopped: Stopped = row.payload().to_serde()?;
            println!("{} cost {} parts", stopped.reason, stopped.parts_lost);
        }
    }

    let aql = "FROM 'stopped' & `press:{$press}` GROUP BY _.reason
               SELECT { reason: group, stops: COUNT(_), parts_lost: SUM(_.parts_lost) }";
    let options = QueryOptions {
        parameters: Parameters::new().with("press", &7)?,
        ..QueryOptions::default()
    };
    let mut lost = node.query(aql, options)?;
    let rows = lost.next_chunk(256).await?.unwrap_or_default();
    println!("{} reasons to stop", rows.len());
    Ok(())
}

async fn subscribe(node: &Node) -> Result<()> {
    let mut subscription = node.subscribe("FROM 'sensor'", SubscribeOptions::default())?;
    let mut seen = 0;
    while let Some(rows) = subscription.next_chunk(256).await? {
        seen += rows.len();
        if seen >= 2 {
            break;
        }
    }
    Ok(())
}

async fn resume(node: &Node) -> Result<()> {
    let mut subscription = node.subscribe("FROM 'stopped'", SubscribeOptions::default())?;
    let rows = subscription.next_chunk(256).await?.unwrap_or_default();
    // Write these two into your database in one transaction.
    let count = rows.len();
    let stored = to_text(subscription.offsets());

    // After a restart: nothing is missed, nothing counted twice.
    let from = from_text(&stored)?;
    let subscription = node.subscribe("FROM 'stopped'", SubscribeOptions::after(from))?;
    println!(
        "{count} so far, continuing after {:?}",
        subscription.offsets()
    );
    Ok(())
}

fn to_text(offsets: &Offsets) -> BTreeMap<String, u64> {
    let entries = offsets.iter();
    entries
        .map(|(stream, offset)| (stream.to_string(), offset.get()))
        .collect()
}

fn from_text(stored: &BTreeMap<String, u64>) -> Result<Offsets> {
    let entries = stored.iter();
    entries
        .map(|(stream, offset)| Ok((stream.parse()?, Offset::new(*offset)?)))
        .collect()
}

async fn several_apps(node: &Node) -> Result<()> {
    let packing = node.scoped(AppId::new("com.example.packing")?);
    packing
        .publish(Tags::new(["box:17", "full"])?, Payload::from_serde(&())?)
        .await?;
    let mut boxes = packing.query("FROM 'full' & appId(me)", QueryOptions::default())?;
    assert_eq!(boxes.next_chunk(10).await?.map(|rows| rows.len()), Some(1));
    Ok(())
}

async fn errors(node: &Node) -> Result<()> {
    match Node::open("press-7", Options::new()).await {
        Err(error) if error.kind() == ErrorKind::Locked => println!("{error}"),
        other => drop(other?),
    }

    let text = "FROM 'press:7' AND 'stopped'";
    if let Err(error) = node.query(text, QueryOptions::default()) {
        println!("{}: {error}", error.kind().as_str());
        println!("{}", query_mistake(text).unwrap_or_default());
    }
    Ok(())
}

async fn other_durability() -> Result<()> {
    let options = Options::new().durability(Durability::Buffered);
    let node = Node::open("press-7-import", options).await?;
    node.close().await
}

const DAY: Duration = Duration::from_secs(86_400);
