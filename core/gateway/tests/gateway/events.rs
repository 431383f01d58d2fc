//! Events over HTTP: shapes and refusals that the clients' own packages do not try.

use serde_json::{Value, json};

use crate::harness::Place;
use crate::http::Ask;

const QUERY: &str = "/api/v2/events/query";

#[tokio::test]
async fn results_that_are_of_no_single_event_have_the_predecessors_shape() {
    let place = Place::open().await;
    let token = place.token().await;
    let keys = place.publish(&token, "a", &[json!(1), json!(2)]).await;
    let reply = place
        .query(&token, "PRAGMA features := fromArray\nFROM [7]")
        .await;
    let line = &reply.lines()[0];
    let stream = format!("{}-0", ".".repeat(43));
    let synthetic = json!({
        "type": "event", "lamport": 0, "stream": stream, "offset": 0, "timestamp": 0,
        "tags": [], "appId": "none", "payload": 7,
    });
    assert_eq!(*line, synthetic);

    let query = "PRAGMA features := aggregate\nFROM 'a' AGGREGATE SUM(_)";
    let line = &place.query(&token, query).await.lines()[0];
    let key = |event: &Value| {
        json!({
            "lamport": event["lamport"], "stream": event["stream"], "offset": event["offset"],
        })
    };
    assert_eq!(line["payload"], 3);
    assert_eq!(
        (&line["lamport"], &line["appId"]),
        (&json!(0), &json!("none"))
    );
    assert_eq!(
        (&line["fromKey"], &line["toKey"]),
        (&key(&keys[0]), &key(&keys[1]))
    );
    assert_eq!(line["fromTime"], keys[0]["timestamp"]);
    assert_eq!(line["toTime"], keys[1]["timestamp"]);
}

#[tokio::test]
async fn a_query_that_cannot_be_understood_is_shown_with_its_place() {
    let place = Place::open().await;
    let token = place.token().await;
    let reply = place.query(&token, "FROM x").await;
    assert_eq!(reply.problem(), (400, "ERR_BAD_REQUEST".into()));
    let message = reply.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("Invalid request.  --> 1:6\n  |\n1 | FROM x\n"),
        "{message}"
    );

    let reply = place.query(&token, "FROM 'a' AGGREGATE SUM(_)").await;
    let message = "Invalid request. The query uses beta features that are not enabled: aggregate.";
    assert_eq!(
        (reply.status, &reply.json()["message"]),
        (400, &json!(message))
    );
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let place = Place::open().await;
    let token = place.token().await;
    for (path, body) in [
        (QUERY, json!({ "query": "FROM 'a'" })),
        (QUERY, json!({ "query": "FROM 'a'", "order": "ASC" })),
        (QUERY, json!({ "query": 1, "order": "asc" })),
        (
            QUERY,
            json!({ "query": "FROM 'a'", "order": "asc", "lowerBound": { "x": 1 } }),
        ),
        (
            QUERY,
            json!({ "query": "FROM 'a'", "order": "asc", "lowerBound": 7 }),
        ),
        (
            "/api/v2/events/subscribe",
            json!({ "query": "FROM 'a' ORDER DESC" }),
        ),
        (
            "/api/v2/events/subscribe_monotonic",
            json!({ "query": "FROM 'a'", "session": "x" }),
        ),
        (
            "/api/v2/events/subscribe_monotonic",
            json!({ "query": "FROM 'a'", "lowerBound": {} }),
        ),
        ("/api/v2/events/publish", json!({ "data": {} })),
        (
            "/api/v2/events/publish",
            json!({ "data": [{ "payload": 1 }] }),
        ),
        (
            "/api/v2/events/publish",
            json!({ "data": [{ "tags": ["a"] }] }),
        ),
        (
            "/api/v2/events/publish",
            json!({ "data": [{ "tags": [""], "payload": 1 }] }),
        ),
        (
            "/api/v2/events/publish",
            json!({ "data": [{ "tags": "a", "payload": 1 }] }),
        ),
    ] {
        let reply = place.post(path, &token, &body).await;
        assert_eq!(
            reply.problem(),
            (400, "ERR_BAD_REQUEST".into()),
            "{path} {body}"
        );
        let message = reply.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("Invalid request. "), "{message}");
    }
}

#[tokio::test]
async fn fields_that_are_not_known_and_null_bounds_are_passed_over() {
    let place = Place::open().await;
    let token = place.token().await;
    let body = json!({
        "query": "FROM 'a'", "order": "asc", "offsets": {}, "lowerBound": null, "upperBound": null,
    });
    let reply = place.post(QUERY, &token, &body).await;
    assert_eq!(reply.lines(), [json!({ "type": "offsets", "offsets": {} })]);
}

#[tokio::test]
async fn bounds_may_be_the_least_and_the_most_there_can_be() {
    let place = Place::open().await;
    let token = place.token().await;
    let keys = place.publish(&token, "a", &[json!(1), json!(2)]).await;
    let stream = keys[0]["stream"].as_str().unwrap();
    let all = json!({ stream: 1 });
    for (bounds, expected) in [
        (
            json!({ "lowerBound": { stream: "min" } }),
            vec![json!(1), json!(2)],
        ),
        (json!({ "lowerBound": { stream: 0 } }), vec![json!(2)]),
        (json!({ "lowerBound": { stream: "max" } }), vec![]),
        (json!({ "upperBound": { stream: "min" } }), vec![]),
    ] {
        let mut body = json!({ "query": "FROM 'a'", "order": "asc", "upperBound": all });
        let given = bounds.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(given);
        let reply = place.post(QUERY, &token, &body).await;
        let lines = reply.lines();
        let (end, events) = lines.split_last().unwrap();
        assert_eq!(end["type"], "offsets", "{bounds}: {}", reply.text());
        let payloads: Vec<_> = events.iter().map(|event| &event["payload"]).collect();
        assert_eq!(payloads, expected.iter().collect::<Vec<_>>(), "{bounds}");
    }
    let upper = json!({ stream: "max" });
    let body = json!({ "query": "FROM 'a'", "order": "asc", "upperBound": upper });
    let reply = place.post(QUERY, &token, &body).await;
    assert_eq!(
        (reply.status, &reply.lines()[0]["type"]),
        (200, &json!("diagnostic"))
    );
}

#[tokio::test]
async fn a_token_may_stand_in_the_address() {
    let place = Place::open().await;
    let token = place.token().await;
    let path = format!("/api/v2/events/offsets?x=1&access_token={token}");
    let reply = place.send(Ask::new("GET", path)).await;
    assert_eq!(reply.json(), json!({ "present": {}, "toReplicate": {} }));
}

#[tokio::test]
async fn a_closed_node_says_so() {
    let place = Place::open().await;
    let token = place.token().await;
    place.node.close().await.unwrap();
    let reply = place.query(&token, "FROM 'a'").await;
    assert_eq!(reply.problem(), (503, "ERR_SHUTTING_DOWN".into()));
    let body = json!({ "data": [{ "tags": [], "payload": 1 }] });
    let reply = place.post("/api/v2/events/publish", &token, &body).await;
    assert_eq!(reply.problem(), (503, "ERR_SHUTTING_DOWN".into()));
}
