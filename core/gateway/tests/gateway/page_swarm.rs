//! The page for people: devices that are let in and put out, by real nodes.

use serde_json::{Value, json};
use swarmlet::{ErrorKind, Node};
use swarmlet_gateway::Settings;

use crate::harness::{Place, SOON, until};

/// A place that has founded a swarm.
async fn office() -> Place {
    let place = Place::open_with_page().await;
    place.node.swarm().create("plant", "office").unwrap();
    place
}

async fn state(place: &Place) -> Value {
    place.done(place.call("GET", "state")).await
}

/// What the page shows of a device, in one of its lists.
async fn shown(place: &Place, list: &str, node: &Node) -> Option<Value> {
    let id = node.id().to_string();
    let state = state(place).await;
    let found = |row: &&Value| row["node"] == id || row["device"] == id;
    state[list].as_array().unwrap().iter().find(found).cloned()
}

/// An id as it stands in an address.
fn encoded(node: &Node) -> String {
    node.id().to_string().replace('/', "%2F")
}

fn address(place: &Place) -> String {
    place.node.swarm().status().listening.remove(0)
}

#[tokio::test]
async fn a_device_joins_by_an_invite_of_the_page_and_is_put_out_again() {
    let (office, press) = (office().await, Place::open().await);
    let terms = json!({
        "rights": "rw:*", "name": "press-7", "labels": { "line": "1" }, "uses": 1,
        "validSecs": 3600,
    });
    let made = office
        .done(office.call("POST", "invites").json(&terms))
        .await;
    assert!(made["svg"].as_str().unwrap().contains("<svg"));
    let invite = made["invite"].as_str().unwrap();
    let joined = press.node.swarm().join(invite, "whatever", SOON).await;
    joined.unwrap();

    until(async || shown(&office, "peers", &press.node).await.is_some()).await;
    let peer = shown(&office, "peers", &press.node).await.unwrap();
    assert_eq!(peer["name"], "press-7");
    let member = shown(&office, "members", &press.node).await.unwrap();
    assert_eq!(
        (&member["rights"], &member["labels"], &member["isRevoked"]),
        (&json!("rw:*"), &json!({ "line": "1" }), &json!(false))
    );
    let seen = state(&office).await;
    assert_eq!(seen["members"][0]["isOwn"], true);
    assert_eq!(seen["memberCount"], 2);

    let token = press.token().await;
    press.publish(&token, "part", &[json!(1)]).await;
    until(async || {
        let state = state(&office).await;
        let stream = &state["streams"][0];
        stream["node"] == press.node.id().to_string() && stream["last"] == 0
    })
    .await;
    assert_eq!(state(&office).await["counters"]["received"], 1);

    let path = format!("members/{}/revoke", encoded(&press.node));
    let revoke = || {
        office
            .call("POST", &path)
            .json(&json!({ "reason": "sold" }))
    };
    let done = office.done(revoke()).await;
    assert_eq!(done["device"], press.node.id().to_string());
    let member = shown(&office, "members", &press.node).await.unwrap();
    assert_eq!(member["isRevoked"], true);
    until(async || shown(&office, "peers", &press.node).await.is_none()).await;
}

#[tokio::test]
async fn an_invite_that_was_taken_back_lets_nobody_in() {
    let office = office().await;
    let invite = office.call("POST", "invites").json(&json!({}));
    let invite = office.done(invite).await["invite"].clone();
    for was_good in [true, false] {
        let withdraw = office.call("POST", "invites/withdraw");
        let withdrawn = office
            .done(withdraw.json(&json!({ "invite": invite })))
            .await;
        assert_eq!(withdrawn, json!({ "wasGood": was_good }));
    }
    let nonsense = office.call("POST", "invites/withdraw");
    let reply = office.send(nonsense.json(&json!({ "invite": "x" }))).await;
    assert_eq!(reply.problem(), (400, "ERR_BAD_REQUEST".into()));
}

#[tokio::test]
async fn who_waits_is_let_in_or_sent_away_by_a_person() {
    let office = office().await;
    let (tablet, stranger) = (Place::open().await, Place::open().await);
    let mut codes = Vec::new();
    for (place, name) in [(&tablet, "tablet"), (&stranger, "stranger")] {
        let code = place.node.swarm().ask(&address(&office), name, SOON).await;
        codes.push(format!("{:06}", code.unwrap()));
    }
    let waits = shown(&office, "pending", &tablet.node).await.unwrap();
    assert_eq!(
        (&waits["code"], &waits["name"]),
        (&json!(codes[0]), &json!("tablet"))
    );

    let path = format!("pending/{}", encoded(&tablet.node));
    let approve = office.call("POST", &path).json(&json!({ "rights": "r:*" }));
    let approved = office.done(approve).await;
    assert_eq!(approved["device"], tablet.node.id().to_string());
    tablet.node.swarm().wait_joined(SOON).await.unwrap();
    let member = shown(&office, "members", &tablet.node).await.unwrap();
    assert_eq!(member["rights"], "r:*");

    let path = format!("pending/{}", encoded(&stranger.node));
    office.done(office.call("DELETE", &path)).await;
    let refused = stranger.node.swarm().wait_joined(SOON).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    assert!(shown(&office, "pending", &stranger.node).await.is_none());
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_words() {
    let alone = Place::open_with_page().await;
    let invite = |place: &Place, terms| place.call("POST", "invites").json(&terms);
    let reply = alone.send(invite(&alone, json!({}))).await;
    assert_eq!(reply.problem(), (409, "ERR_CONFLICT".into()));
    let office = office().await;
    let line = office.done(invite(&office, json!({}))).await;
    let line = line["invite"].as_str().unwrap();
    alone.node.swarm().join(line, "press", SOON).await.unwrap();
    let reply = alone.send(invite(&alone, json!({}))).await;
    assert_eq!(reply.problem(), (403, "ERR_NOT_PERMITTED".into()));

    for terms in [
        json!({ "rights": "everything" }),
        json!({ "name": "" }),
        json!({ "uses": 0 }),
        json!({ "uses": 1_000_000 }),
        json!({ "colour": "red" }),
        json!({ "labels": { "": "" } }),
    ] {
        let reply = office.send(invite(&office, terms.clone())).await;
        assert_eq!(reply.problem(), (400, "ERR_BAD_REQUEST".into()), "{terms}");
    }
    let reason = json!({ "reason": "" });
    for (node, status) in [("x".to_owned(), 404), (encoded(&office.node), 400)] {
        let call = office.call("POST", &format!("members/{node}/revoke"));
        assert_eq!(office.send(call.json(&reason)).await.status, status);
    }
    let unknown = Place::open().await;
    let path = format!("members/{}/revoke", encoded(&unknown.node));
    let reply = office.send(office.call("POST", &path).json(&reason)).await;
    assert_eq!(reply.problem(), (404, "ERR_NOT_FOUND".into()));
    let path = format!("pending/{}", encoded(&unknown.node));
    let reply = office.send(office.call("DELETE", &path)).await;
    assert_eq!(reply.problem(), (400, "ERR_BAD_REQUEST".into()));
}

#[tokio::test]
async fn what_is_said_with_a_call_is_bounded() {
    let office = Place::open_with(Settings::new().page(true)).await;
    office.node.swarm().create("plant", "office").unwrap();
    let padded = |bytes: usize| {
        let mut body = json!({}).to_string().into_bytes();
        body.resize(bytes, b' ');
        office.call("POST", "invites").body(body)
    };
    assert_eq!(office.send(padded(16 * 1024)).await.status, 200);
    let reply = office.send(padded(16 * 1024 + 1)).await;
    assert_eq!(reply.problem(), (413, "ERR_PAYLOAD_TOO_LARGE".into()));
    let form = office.call("POST", "invites");
    let form = form.header("Content-Type", "application/x-www-form-urlencoded");
    let reply = office.send(form.body("uses=1")).await;
    assert_eq!(reply.problem(), (415, "ERR_UNSUPPORTED_MEDIA_TYPE".into()));
}
