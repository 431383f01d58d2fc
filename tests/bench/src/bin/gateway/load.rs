//! Requests that publish, made beforehand, so that a rate is that of the server.

use anyhow::Result;
use bytes::Bytes;
use swarmlet_bench::event;

use crate::http::Api;

/// The body of a request that publishes so many events, from the one of that index on.
pub(crate) fn body(first: u64, batch: u64) -> String {
    let events: Vec<String> = (first..first + batch).map(text).collect();
    format!("{{\"data\":[{}]}}", events.join(","))
}

/// Some of them, to be sent in turn.
pub(crate) fn bodies(batch: u64) -> Vec<String> {
    (0..BODIES)
        .map(|index| body(index * batch, batch))
        .collect()
}

/// Publishes the events that queries are asked of.
pub(crate) async fn fill(api: &Api, events: u64) -> Result<()> {
    let mut connection = api.connect().await?;
    for first in (0..events).step_by(FILL_BATCH as usize) {
        let batch = FILL_BATCH.min(events - first);
        let body = Bytes::from(body(first, batch));
        connection.post("events/publish", body).await?;
    }
    Ok(())
}

fn text(index: u64) -> String {
    let event = event::event(index);
    let [machine, activity] = &event.tags;
    let payload = std::str::from_utf8(&event.payload).expect("payloads are JSON");
    format!("{{\"tags\":[\"{machine}\",\"{activity}\"],\"payload\":{payload}}}")
}

const BODIES: u64 = 64;
const FILL_BATCH: u64 = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_with_so_many_events() {
        let body: serde_json::Value = serde_json::from_str(&body(7, 3)).unwrap();
        let events = body["data"].as_array().unwrap();
        assert_eq!(events.len(), 3);
        assert_eq!(events[0]["tags"][0], *event::event(7).tags[0]);
    }
}
