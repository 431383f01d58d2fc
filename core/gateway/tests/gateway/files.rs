//! Files that all devices can have, and pages made of them.

use serde_json::{Value, json};
use swarmlet_gateway::Settings;

use crate::harness::Place;
use crate::http::{Ask, Reply};

const FILES: &str = "/api/v2/files";

/// Uploads files as a form.
async fn upload(place: &Place, token: &str, files: &[(&str, &str)]) -> Reply {
    let mut body = String::new();
    for (name, content) in files {
        body += &format!(
            "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n\
             {content}\r\n"
        );
    }
    body += "--xx--\r\n";
    let ask = Ask::new("POST", FILES).token(token);
    place
        .send(
            ask.header("Content-Type", "multipart/form-data; boundary=xx")
                .body(body),
        )
        .await
}

async fn stored(place: &Place, token: &str, files: &[(&str, &str)]) -> String {
    let reply = upload(place, token, files).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text().to_owned()
}

async fn read(place: &Place, token: &str, path: &str) -> Reply {
    place
        .send(Ask::new("GET", format!("{FILES}/{path}")).token(token))
        .await
}

#[tokio::test]
async fn a_file_is_read_by_what_it_is() {
    let place = Place::open().await;
    let token = place.token().await;
    let content = "x".repeat(200_000);
    let cid = stored(&place, &token, &[("/notes.txt", &content)]).await;
    assert!(cid.starts_with("bafkr4i"), "{cid}");
    let page = stored(&place, &token, &[("/x.html", "<script>")]).await;
    let reply = read(&place, &token, &page).await;
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.contains("sandbox"), "{policy}");
    let reply = read(&place, &token, &cid).await;
    assert_eq!((reply.status, reply.text()), (200, content.as_str()));
    assert_eq!(reply.header("content-length"), Some("200000"));
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(stored(&place, &token, &[("other", &content)]).await, cid);
    let told = place.query(&token, "FROM 'files:created'").await.lines();
    assert_eq!(
        (&told[0]["payload"]["cid"], &told[0]["appId"]),
        (&json!(cid), &json!("com.actyx"))
    );
    assert_eq!(told[0]["payload"]["type"], "fileAdded");
}

#[tokio::test]
async fn several_files_are_a_folder() {
    let place = Place::open().await;
    let token = place.token().await;
    let files = [
        ("index.html", "<p>"),
        ("js/app.js", "1"),
        ("js/lib/x.js", "2"),
    ];
    let cid = stored(&place, &token, &files).await;
    let listed = read(&place, &token, &cid).await.json();
    assert_eq!(listed["directory"]["cid"], cid.as_str());
    assert_eq!(names(&listed), ["index.html", "js"]);
    let js = &listed["directory"]["children"][1];
    assert_eq!(js["size"], 2);
    // A folder in it has a CID of its own.
    for place_of_js in [format!("{cid}/js"), js["cid"].as_str().unwrap().to_owned()] {
        let listed = read(&place, &token, &place_of_js).await.json();
        assert_eq!(names(&listed), ["app.js", "lib"], "{place_of_js}");
        let lib = listed["directory"]["children"][1]["cid"].as_str().unwrap();
        let reply = read(&place, &token, &format!("{lib}/x.js")).await;
        assert_eq!(reply.text(), "2");
    }
    let reply = read(&place, &token, &format!("{cid}/js/app.js")).await;
    assert_eq!(
        reply.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert_eq!(reply.text(), "1");
    for path in ["nothing", "js/app.js/more", "j"] {
        let reply = read(&place, &token, &format!("{cid}/{path}")).await;
        assert_eq!(reply.problem(), (404, "ERR_NOT_FOUND".into()), "{path}");
    }
}

/// What is in a folder.
fn names(listed: &Value) -> Vec<&str> {
    let children = listed["directory"]["children"].as_array().unwrap();
    let names = children.iter().map(|child| child["name"].as_str());
    names.collect::<Option<_>>().unwrap()
}

/// Whoever asks writes the query, and each row of a large folder has a link.
#[tokio::test]
async fn links_keep_the_token_of_a_long_query_and_nothing_else() {
    let place = Place::open().await;
    let token = place.token().await;
    let cid = stored(&place, &token, &[("a.txt", "1"), ("b/c.txt", "2")]).await;
    let browse = async |path: &str| {
        let (before, after) = ("&".repeat(10_000), "x=y&".repeat(2_000));
        let path = format!("{FILES}/{path}?{before}access_token={token}&{after}");
        let ask = Ask::new("GET", path).header("Accept", "text/html");
        place.send(ask).await
    };
    let page = browse(&format!("{cid}/")).await;
    assert!(page.body.len() < 2_000, "{}", page.body.len());
    let link = format!("<a href=\"./a.txt?access_token={token}\">");
    assert!(page.text().contains(&link), "{}", page.text());
    let moved = browse(&cid).await;
    let place = format!("./{cid}/?access_token={token}");
    assert_eq!(moved.header("location"), Some(&*place));
}

#[tokio::test]
async fn a_browser_sees_what_is_in_a_folder_and_runs_nothing_of_it() {
    let place = Place::open().await;
    let token = place.token().await;
    let files = [
        ("a&b.txt", "12345"),
        ("it's one.txt", "1"),
        ("js/app.js", "1"),
        ("js/lib.js", "2"),
    ];
    let cid = stored(&place, &token, &files).await;
    let browse = async |path: &str| {
        let path = format!("{FILES}/{path}?access_token={token}");
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        place
            .send(Ask::new("GET", path).header("Accept", browser))
            .await
    };
    // Links would lead elsewhere.
    for (path, last) in [(cid.clone(), cid.as_str()), (format!("{cid}/js"), "js")] {
        let reply = browse(&path).await;
        let location = format!("./{last}/?access_token={token}");
        assert_eq!(
            (reply.status, reply.header("location")),
            (301, Some(&*location))
        );
    }
    let reply = browse(&format!("{cid}/")).await;
    assert_eq!(
        reply.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    let page = reply.text();
    let query = format!("access_token={token}");
    for row in [
        format!("<a href=\"./a%26b.txt?{query}\">a&amp;b.txt</a></td><td>5</td><td>bafkr4i"),
        format!("<a href=\"./it%27s%20one.txt?{query}\">it&#39;s one.txt</a>"),
        format!("<a href=\"./js/?{query}\">js/</a></td><td>2</td><td>bagay"),
    ] {
        assert!(page.contains(&row), "{row}\n{page}");
    }
    assert_eq!(page.matches(">js/<").count(), 1, "{page}");
    let inner = browse(&format!("{cid}/js/")).await;
    assert!(inner.text().contains(">app.js<") && !inner.text().contains(">js/<"));
    assert_eq!(browse(&format!("{cid}/js/app.js")).await.text(), "1");
    assert_eq!(browse(&format!("{cid}/none/")).await.status, 404);
    let listed = read(&place, &token, &format!("{cid}/")).await;
    assert_eq!(listed.header("vary"), Some("Accept"));
    assert_eq!(
        listed.json()["directory"]["children"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn a_name_means_what_was_said_last() {
    let place = Place::open().await;
    let token = place.token().await;
    let mut cids = Vec::new();
    for content in ["one", "two"] {
        cids.push(stored(&place, &token, &[("x", content)]).await);
    }
    let path = format!("{FILES}/it's%20a%20name");
    let ask = |method| Ask::new(method, &path).token(&token);
    assert_eq!(place.send(ask("GET")).await.status, 404);
    for (cid, content) in cids.iter().zip(["one", "two"]) {
        assert_eq!(place.send(ask("PUT").body(cid.as_str())).await.status, 204);
        assert_eq!(place.send(ask("GET")).await.text(), content);
    }
    let reply = place.send(ask("DELETE")).await;
    assert_eq!((reply.status, reply.text()), (200, cids[1].as_str()));
    assert_eq!(place.send(ask("GET")).await.status, 404);
    assert_eq!(place.send(ask("DELETE")).await.status, 404);
    assert_eq!(place.send(ask("PUT").body("nonsense")).await.status, 400);
    let by_id = Ask::new("PUT", format!("{FILES}/{}", cids[0]))
        .token(&token)
        .body("x");
    assert_eq!(place.send(by_id).await.status, 405);
}

#[tokio::test]
async fn what_is_no_upload_is_refused() {
    let place = Place::open().await;
    let token = place.token().await;
    let reply = upload(&place, &token, &[]).await;
    assert_eq!(reply.problem(), (400, "ERR_BAD_REQUEST".into()));
    let reply = place
        .send(Ask::new("POST", FILES).token(&token).body("x"))
        .await;
    assert_eq!(reply.problem(), (415, "ERR_UNSUPPORTED_MEDIA_TYPE".into()));
    let form = "--xx\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--xx--\r\n";
    let ask = Ask::new("POST", FILES).token(&token);
    let ask = ask.header("Content-Type", "multipart/form-data; boundary=xx");
    assert_eq!(place.send(ask.body(form)).await.status, 400);
    for files in [[("../x", "1"), ("y", "2")], [("a", "1"), ("A", "2")]] {
        assert_eq!(upload(&place, &token, &files).await.status, 400);
    }
    assert_eq!(upload(&place, "", &[("x", "1")]).await.status, 400);
}

#[tokio::test]
async fn of_a_file_that_cannot_be_called_so_nothing_is_stored() {
    let place = Place::open().await;
    let token = place.token().await;
    let stored = async || place.query(&token, "FROM 'blob'").await.lines().len();
    let before = stored().await;
    let long = "x".repeat(1025);
    let reply = upload(&place, &token, &[(&long, "never")]).await;
    assert_eq!(reply.problem(), (400, "ERR_BAD_REQUEST".into()));
    assert_eq!(stored().await, before);
    let reply = upload(&place, &token, &[("x", "stays"), ("../y", "never")]).await;
    assert_eq!(reply.problem(), (400, "ERR_BAD_REQUEST".into()));
    assert_eq!(stored().await, before + 1);
}

#[tokio::test]
async fn what_nobody_has_told_of_is_not_there() {
    let place = Place::open().await;
    let token = place.token().await;
    let other = Place::open().await;
    let cid = stored(&other, &other.token().await, &[("x", "elsewhere")]).await;
    for path in [cid.as_str(), "no-name", "a%00b", "%zz"] {
        assert_eq!(read(&place, &token, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn prefetching_needs_nothing_to_be_done() {
    let place = Place::open().await;
    let token = place.token().await;
    let path = format!("{FILES}/prefetch");
    let body = json!({ "query": "FROM 'x' SELECT _.cid", "duration": 60 });
    assert_eq!(place.post(&path, &token, &body).await.status, 204);
    let body = json!({ "query": "FROM", "duration": 60 });
    assert_eq!(place.post(&path, &token, &body).await.status, 400);
}

#[tokio::test]
async fn a_named_folder_is_a_page_under_a_host_of_its_own() {
    let place = Place::open().await;
    let token = place.token().await;
    let files = [
        ("index.html", "<p>root"),
        ("sub/index.html", "<p>sub"),
        ("sub/my page.html", "<p>mine"),
        ("app.js", "1"),
    ];
    let cid = stored(&place, &token, &files).await;
    let named = Ask::new("PUT", format!("{FILES}/plant"))
        .token(&token)
        .body(cid.as_str());
    assert_eq!(place.send(named).await.status, 204);
    let visit =
        |method, path: &str| Ask::new(method, path).header("Host", "plant.actyx.localhost:4454");
    for (path, content) in [
        ("/", "<p>root"),
        ("/sub/", "<p>sub"),
        ("/sub/my%20page.html", "<p>mine"),
        ("/app.js", "1"),
    ] {
        let reply = place.send(visit("GET", path)).await;
        assert_eq!((reply.status, reply.text()), (200, content), "{path}");
    }
    for (path, location) in [
        ("/sub", "/sub/"),
        ("//sub?x=1", "/sub/?x=1"),
        ("/%2fsub", "/sub/"),
    ] {
        let reply = place.send(visit("GET", path)).await;
        let sent_to = reply.header("location");
        assert_eq!((reply.status, sent_to), (301, Some(location)), "{path}");
    }
    assert_eq!(place.send(visit("GET", "/%ff")).await.status, 404);
    let host = format!("{cid}.actyx.localhost:4454");
    let by_id = place.send(Ask::new("GET", "/").header("Host", &host)).await;
    assert_eq!((by_id.status, by_id.text()), (200, "<p>root"));
    let ask = Ask::new("GET", "/api/v2/node/id").header("Host", &host);
    assert_eq!(place.send(ask).await.status, 403);
    let reply = place.send(visit("GET", "/")).await;
    assert_eq!(
        reply.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(place.send(visit("GET", "/nothing")).await.status, 404);
    assert_eq!(place.send(visit("POST", "/")).await.status, 405);
    assert_eq!(
        place.send(visit("GET", "/api/v2/node/id")).await.status,
        200
    );
    let other = Ask::new("GET", "/").header("Host", "other.actyx.localhost:4454");
    assert_eq!(place.send(other).await.status, 404);
}

/// Everybody in the swarm can give names.
#[tokio::test]
async fn pages_that_this_device_did_not_name_get_nothing_of_the_api() {
    let named = "http://named.actyx.localhost:4454";
    let place = Place::open_with(Settings::new().origin(named).unwrap()).await;
    let token = place.token().await;
    let cid = stored(&place, &token, &[("index.html", "<p>"), ("x", "")]).await;
    let give = Ask::new("PUT", format!("{FILES}/own"))
        .token(&token)
        .body(cid);
    assert_eq!(place.send(give).await.status, 204);
    for (name, status) in [("own", 200), ("OWN", 200), ("named", 200), ("other", 403)] {
        let host = format!("{name}.actyx.localhost:4454");
        let origin = format!("http://{host}");
        let ask = || Ask::new("GET", "/api/v2/node/id");
        for ask in [
            ask().header("Origin", &origin),
            ask().header("Host", &host),
            ask().header("Host", &host).header("Origin", &origin),
        ] {
            let reply = place.send(ask).await;
            assert_eq!(reply.status, status, "{name}");
            let policy = reply.header("content-security-policy").unwrap();
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        }
    }
    let page = Ask::new("GET", "/").header("Host", "own.actyx.localhost:4454");
    let policy = place.send(page).await;
    let policy = policy.header("content-security-policy");
    assert_eq!(policy, Some("frame-ancestors 'self'"));
}
