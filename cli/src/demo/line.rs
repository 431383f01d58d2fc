//! What happens in a demo: a production line that somebody made up. The office plans work orders;
//! each press works on one, makes parts, and stops now and then.

use std::time::Duration;

use serde_json::{Value, json};
use swarmlet::{AppId, Node, Payload, QueryOptions, Tags};

use crate::failure::Result;

/// In whose name all of it is published.
const APP: &str = "com.example.line";

/// The handle of a node for that app.
fn app(node: &Node) -> Result<Node> {
    Ok(node.scoped(AppId::new(APP)?))
}

/// Plans orders until it is dropped.
pub(super) async fn plan(node: Node) -> Result<()> {
    let node = app(&node)?;
    let mut number = 4711;
    loop {
        let part = PARTS[number % PARTS.len()];
        let order = json!({ "number": number, "part": part, "count": PARTS_PER_ORDER });
        publish(&node, &["order", &format!("order:{number}")], &order).await?;
        number += 1;
        tokio::time::sleep(ORDER_PERIOD).await;
    }
}

/// Works on orders until it is dropped.
pub(super) async fn work(node: Node, press: usize) -> Result<()> {
    let node = app(&node)?;
    let own = format!("press:{press}");
    for job in 0.. {
        let number = latest_order(&node).await?;
        let order = format!("order:{number}");
        let started = json!({ "press": press, "order": number });
        publish(&node, &["press", &own, &order, "started"], &started).await?;
        for part in 0..PARTS_PER_ORDER {
            let part = json!({
                "press": press,
                "order": number,
                "celsius": 60.0 + f64::from((part * 7 + job) % 40) / 10.0,
                "isGood": (part + job) % 23 != 0,
            });
            publish(&node, &["press", &own, &order, "part"], &part).await?;
            tokio::time::sleep(PART_PERIOD).await;
        }
        let reason = REASONS[(job as usize + press) % REASONS.len()];
        let stopped = json!({ "press": press, "order": number, "reason": reason });
        publish(&node, &["press", &own, &order, "stopped"], &stopped).await?;
        tokio::time::sleep(STOP_PERIOD).await;
    }
    Ok(())
}

/// The number of the latest order; zero while there is none.
async fn latest_order(node: &Node) -> Result<u64> {
    let aql = "FROM 'order' ORDER DESC LIMIT 1 SELECT _.number";
    let mut results = node.query(aql, QueryOptions::default())?;
    let rows = results.next_chunk(1).await?.unwrap_or_default();
    let number = rows.first().map(|row| row.payload().to_serde());
    Ok(number.transpose()?.unwrap_or_default())
}

async fn publish(node: &Node, tags: &[&str], payload: &Value) -> Result<()> {
    let tags = Tags::new(tags.iter().copied())?;
    node.publish(tags, Payload::from_serde(payload)?).await?;
    Ok(())
}

const PARTS: [&str; 3] = ["lid", "hinge", "frame"];

const REASONS: [&str; 3] = ["jam", "empty", "tool worn"];

const PARTS_PER_ORDER: u32 = 25;

/// Few enough events a second that they can be read along.
const PART_PERIOD: Duration = Duration::from_millis(100);

const STOP_PERIOD: Duration = Duration::from_secs(1);

const ORDER_PERIOD: Duration = Duration::from_secs(4);
