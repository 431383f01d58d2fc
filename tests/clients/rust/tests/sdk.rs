//! `actyx_sdk` of crates.io, all that its client can do.

use std::time::Duration;

use actyx_sdk::service::{
    EventService, FilesGetResponse, Order, PublishEvent, PublishRequest, QueryRequest,
    QueryResponse, StartFrom, SubscribeMonotonicRequest, SubscribeMonotonicResponse,
    SubscribeRequest, SubscribeResponse,
};
use actyx_sdk::{HttpClient, OffsetMap, Payload, TagSet, tags};
use anyhow::{Context, Result, bail};
use futures::stream::{Stream, StreamExt};
use reqwest::multipart::Part;
use serde_json::{Value, json};
use swarmlet_clients_rust::Node;

/// Long enough for a machine that is busy with other things.
const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn events_are_published_and_queried_in_both_orders() -> Result<()> {
    let node = Node::start().await?;
    let app = node.app().await?;
    let keys = app
        .publish(events(tags!("machine", "machine:drill"), 0..3))
        .await?
        .data;
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| key.stream.node_id() == app.node_id()));
    assert!(keys.windows(2).all(|two| two[0].lamport < two[1].lamport));
    publish(&app, tags!("other"), 9).await?;

    let ascending = numbers(&app, "FROM 'machine'", Order::Asc).await?;
    assert_eq!(ascending, [0, 1, 2].map(Value::from));
    let descending = numbers(&app, "FROM 'machine'", Order::Desc).await?;
    assert_eq!(descending, [2, 1, 0].map(Value::from));
    let computed = "FROM 'machine:drill' FILTER _.number > 0 SELECT _.number * 10";
    let answer = query(&app, computed, Order::Asc, [None, None]).await?;
    assert_eq!(answer, [10, 20].map(Value::from));
    Ok(())
}

#[tokio::test]
async fn offsets_bound_what_is_queried() -> Result<()> {
    let node = Node::start().await?;
    let app = node.app().await?;
    publish(&app, tags!("bounded"), 1).await?;
    let first = app.offsets().await?;
    assert!(first.to_replicate.is_empty());
    publish(&app, tags!("bounded"), 2).await?;
    let second = app.offsets().await?.present;
    publish(&app, tags!("bounded"), 3).await?;
    let bounds = [Some(first.present), Some(second)];
    let between = query(&app, "FROM 'bounded'", Order::Asc, bounds).await?;
    assert_eq!(between, [json!({ "number": 2 })]);
    Ok(())
}

#[tokio::test]
async fn a_subscription_goes_on_with_what_comes() -> Result<()> {
    let node = Node::start().await?;
    let app = node.app().await?;
    publish(&app, tags!("live"), 1).await?;
    let request = SubscribeRequest {
        lower_bound: None,
        query: "FROM 'live'".parse()?,
    };
    let mut live = app.subscribe(request).await?;
    for number in 1..4 {
        let event = next(&mut live, |response| match response {
            SubscribeResponse::Event(event) => Some(event),
            _ => None,
        });
        assert_eq!(
            event.await?.payload.json_value(),
            json!({ "number": number })
        );
        publish(&app, tags!("live"), number + 1).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_monotonic_subscription_says_when_it_has_caught_up() -> Result<()> {
    let node = Node::start().await?;
    let app = node.app().await?;
    for number in 0..3 {
        publish(&app, tags!("monotonic"), number).await?;
    }
    let request = SubscribeMonotonicRequest {
        session: "of-the-test".into(),
        query: "FROM 'monotonic'".parse()?,
        from: StartFrom::LowerBound(OffsetMap::empty()),
    };
    let mut events = app.subscribe_monotonic(request).await?;
    // Of what was there it is never said.
    for _ in 0..3 {
        assert!(!is_caught_up(&mut events).await?);
    }
    publish(&app, tags!("monotonic"), 3).await?;
    assert!(is_caught_up(&mut events).await?);
    Ok(())
}

#[tokio::test]
async fn files_come_back_as_they_were_given() -> Result<()> {
    let node = Node::start().await?;
    let app = node.app().await?;
    let (manual, drawing) = (vec![7; 300_000], b"a drawing".to_vec());
    let part = |bytes: &Vec<u8>, name: &'static str| Part::bytes(bytes.clone()).file_name(name);

    let alone = app.files_post([part(&manual, "manual.pdf")]).await?;
    match app.files_get(&alone.to_string()).await? {
        FilesGetResponse::File { bytes, mime, .. } => {
            assert_eq!(bytes, manual);
            assert_eq!(mime, "application/pdf");
        }
        folder @ FilesGetResponse::Directory { .. } => bail!("a folder: {folder:?}"),
    }

    let given = [
        part(&manual, "manual.pdf"),
        part(&drawing, "drawings/front.txt"),
    ];
    let folder = app.files_post(given).await?;
    let FilesGetResponse::Directory { children, cid, .. } =
        app.files_get(&folder.to_string()).await?
    else {
        bail!("not a folder");
    };
    assert_eq!(cid, folder);
    let mut names: Vec<&str> = children.iter().map(|child| child.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["drawings", "manual.pdf"]);
    match app
        .files_get(&format!("{folder}/drawings/front.txt"))
        .await?
    {
        FilesGetResponse::File { bytes, .. } => assert_eq!(bytes, drawing),
        folder @ FilesGetResponse::Directory { .. } => bail!("a folder: {folder:?}"),
    }
    Ok(())
}

#[tokio::test]
async fn a_client_goes_on_after_its_node_was_killed() -> Result<()> {
    let mut node = Node::start().await?;
    let app = node.app().await?;
    publish(&app, tags!("before"), 1).await?;
    node.restart().await?;
    publish(&app, tags!("before"), 2).await?;
    let all = numbers(&app, "FROM 'before'", Order::Asc).await?;
    assert_eq!(all, [1, 2].map(Value::from));
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_is_told() -> Result<()> {
    let node = Node::start().await?;
    let app = node.app().await?;
    let nothing = app.files_get("no-such-name").await.unwrap_err();
    assert!(nothing.to_string().starts_with("error 404"), "{nothing}");
    Ok(())
}

/// Events whose payloads are numbers.
fn events(tags: TagSet, numbers: std::ops::Range<i64>) -> PublishRequest {
    let event = |number| PublishEvent {
        tags: tags.clone(),
        payload: Payload::from_json_value(json!({ "number": number })).unwrap(),
    };
    PublishRequest {
        data: numbers.map(event).collect(),
    }
}

async fn publish(app: &HttpClient, tags: TagSet, number: i64) -> Result<()> {
    app.publish(events(tags, number..number + 1)).await?;
    Ok(())
}

async fn numbers(app: &HttpClient, text: &str, order: Order) -> Result<Vec<Value>> {
    let payloads = query(app, text, order, [None, None]).await?;
    Ok(payloads
        .into_iter()
        .map(|payload| payload["number"].clone())
        .collect())
}

/// The payloads that a query gives, between two offsets.
async fn query(
    app: &HttpClient,
    text: &str,
    order: Order,
    [lower_bound, upper_bound]: [Option<OffsetMap>; 2],
) -> Result<Vec<Value>> {
    let request = QueryRequest {
        lower_bound,
        upper_bound,
        query: text.parse()?,
        order,
    };
    let mut answer = app.query(request).await?;
    let mut payloads = Vec::new();
    while let Some(response) = tokio::time::timeout(SOON, answer.next()).await? {
        match response {
            QueryResponse::Event(event) => payloads.push(event.payload.json_value()),
            QueryResponse::Diagnostic(diagnostic) => bail!("{diagnostic:?}"),
            _ => {}
        }
    }
    Ok(payloads)
}

/// Whether the next event is the last one for now.
async fn is_caught_up(
    events: &mut (impl Stream<Item = SubscribeMonotonicResponse> + Unpin),
) -> Result<bool> {
    let caught_up = next(events, |response| match response {
        SubscribeMonotonicResponse::Event { caught_up, .. } => Some(caught_up),
        _ => None,
    });
    caught_up.await
}

/// What of the next responses is asked for.
async fn next<R, T>(
    responses: &mut (impl Stream<Item = R> + Unpin),
    wanted: impl Fn(R) -> Option<T>,
) -> Result<T> {
    loop {
        let response = tokio::time::timeout(SOON, responses.next()).await?;
        if let Some(found) = wanted(response.context("the stream ended")?) {
            return Ok(found);
        }
    }
}
