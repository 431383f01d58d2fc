//! The page for people: files that are stored, taken along, and taken back.

use futures::future::join_all;
use serde_json::{Value, json};
use swarmlet::PutOptions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Place, SOON, until};
use crate::http::{Ask, Reply};

async fn store(place: &Place, query: &str, content: &[u8]) -> Value {
    let call = place.call("POST", &format!("blobs{query}"));
    place.done(call.body(content)).await
}

async fn listed(place: &Place) -> Vec<Value> {
    let listing = place.done(place.call("GET", "blobs")).await;
    assert_eq!(listing["isComplete"], true);
    listing["blobs"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_file_is_stored_listed_taken_along_and_taken_back() {
    let place = Place::open_with_page().await;
    let content = "x".repeat(300_000);
    let first = store(&place, "?name=a%20b.txt", content.as_bytes()).await;
    let second = store(&place, "", b"").await;
    assert_eq!(
        (&first["name"], &first["size"], &first["state"]),
        (&json!("a b.txt"), &json!(300_000), &json!("all"))
    );
    assert_eq!(first["mediaType"], "text/plain; charset=utf-8");
    assert_eq!(first["device"], place.node.id().to_string());
    assert_eq!(first["app"], "com.swarmlet.page");
    assert_eq!(
        (&second["name"], &second["size"]),
        (&json!(null), &json!(0))
    );
    assert_eq!(listed(&place).await, [second, first.clone()]);

    let path = format!("blobs/{}", first["id"].as_str().unwrap());
    let reply = place.send(place.call("GET", &path)).await;
    assert_eq!((reply.status, reply.text()), (200, content.as_str()));
    for (name, value) in [
        ("content-length", "300000"),
        ("content-disposition", "attachment"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'; sandbox",
        ),
    ] {
        assert_eq!(reply.header(name), Some(value));
    }

    let deleted = place.done(place.call("DELETE", &path)).await;
    assert_eq!(deleted, json!({ "deleted": first["id"] }));
    let left = listed(&place).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["size"], 0);
}

#[tokio::test]
async fn what_is_not_there_is_not_there() {
    let place = Place::open_with_page().await;
    let unknown = format!("blobs/{}", "0".repeat(64));
    for path in [unknown.as_str(), "blobs/x", "blobs/..%2f..%2fidentity.key"] {
        let reply = place.send(place.call("GET", path)).await;
        assert_eq!(reply.problem(), (404, "ERR_NOT_FOUND".into()), "{path}");
    }
    let reply = place.send(place.call("DELETE", "blobs/x")).await;
    assert_eq!(reply.problem(), (404, "ERR_NOT_FOUND".into()));
}

#[tokio::test]
async fn a_name_that_no_file_can_have_is_left_out() {
    let place = Place::open_with_page().await;
    for name in ["..%2Fx", "a%00b", "%FF%2F", &"x".repeat(5000)] {
        let stored = store(&place, &format!("?name={name}"), name.as_bytes()).await;
        assert_eq!(stored["name"], json!(null), "{name}");
    }
}

#[tokio::test]
async fn of_a_file_that_is_too_large_or_cut_off_nothing_is_stored() {
    let place = Place::open_with_page().await;
    let head = |length: u64| {
        let (token, at) = (place.person_token(), place.at());
        format!(
            "POST /page/v1/blobs?name=film HTTP/1.1\r\nHost: {at}\r\nAuthorization: Bearer {token}\
             \r\nContent-Length: {length}\r\n\r\n"
        )
    };
    // Whoever says so in advance is refused in advance.
    let mut stream = TcpStream::connect(place.at()).await.unwrap();
    let too_long = head(2 * 1024 * 1024 * 1024 + 1);
    stream.write_all(too_long.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    tokio::time::timeout(SOON, read).await.unwrap().unwrap();
    let expected = (413, "ERR_PAYLOAD_TOO_LARGE".into());
    assert_eq!(Reply::parse(&bytes).problem(), expected);

    let mut stream = TcpStream::connect(place.at()).await.unwrap();
    stream.write_all(head(100_000).as_bytes()).await.unwrap();
    stream.write_all(&[0; 70_000]).await.unwrap();
    let blobs = place.node.blobs();
    let incoming = place.node.folder().join("blobs");
    until(async || is_used(&incoming)).await;
    drop(stream);
    until(async || !is_used(&incoming)).await;
    assert_eq!(blobs.usage().unwrap().blobs, 0);
    assert_eq!(listed(&place).await, [] as [Value; 0]);
}

/// Whether there is a file of bytes in a folder.
fn is_used(folder: &std::path::Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let path = entry.path();
        path.is_dir() && is_used(&path) || path.metadata().is_ok_and(|file| file.is_file())
    })
}

#[tokio::test]
async fn a_list_has_an_end_and_says_so() {
    let place = Place::open_with_page().await;
    let blobs = place.node.blobs();
    // Many at a time, as each waits for the disk; the last one alone, to be the newest.
    let put = |count: u32| {
        let options = PutOptions::new().name(count.to_string());
        blobs.put(count.to_le_bytes(), options)
    };
    for counts in [0..500, 500..1000, 1000..1001] {
        for stored in join_all(counts.map(put)).await {
            stored.unwrap();
        }
    }
    let listing = place.done(place.call("GET", "blobs")).await;
    assert_eq!(listing["isComplete"], false);
    let rows = listing["blobs"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["name"]), (1000, &json!("1000")));
    let newest = rows[0]["id"].as_str().unwrap();
    place
        .done(place.call("DELETE", &format!("blobs/{newest}")))
        .await;
    assert_eq!(listed(&place).await.len(), 1000);
}

/// An app cannot reach a person's files by what it may do itself.
#[tokio::test]
async fn an_app_takes_no_file_back() {
    let place = Place::open_with_page().await;
    let stored = store(&place, "?name=x", b"x").await;
    let path = format!("/page/v1/blobs/{}", stored["id"].as_str().unwrap());
    let token = place.token().await;
    let reply = place.send(Ask::new("DELETE", path).token(&token)).await;
    assert_eq!(reply.status, 401);
    assert_eq!(listed(&place).await.len(), 1);
}
