//! A node with a gateway, and apps that use it.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use swarmlet::{Network, Node, Options};
use swarmlet_gateway::{Gateway, Settings};

use crate::http::{Ask, Reply};

/// Long enough for a machine that is busy with other things.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A node with a gateway, on any port.
pub(crate) struct Place {
    pub(crate) node: Node,
    pub(crate) gateway: Gateway,
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) async fn open() -> Self {
        Self::open_with(Settings::new()).await
    }

    pub(crate) async fn open_with(settings: Settings) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), settings).await
    }

    /// One whose node has these options.
    pub(crate) async fn open_as(options: Options) -> Self {
        Self::open_both(tempfile::tempdir().unwrap(), options, Settings::new()).await
    }

    async fn open_in(folder: tempfile::TempDir, settings: Settings) -> Self {
        let network = Network::new().listen("tcp://127.0.0.1:0").discovery(false);
        let options = Options::new().network(network);
        Self::open_both(folder, options, settings).await
    }

    async fn open_both(folder: tempfile::TempDir, options: Options, settings: Settings) -> Self {
        let node = Node::open(folder.path().join("node"), options)
            .await
            .unwrap();
        let settings = settings.listen("127.0.0.1:0".parse().unwrap());
        let gateway = Gateway::bind(node.clone(), settings).await.unwrap();
        Self {
            node,
            gateway,
            folder,
        }
    }

    /// The same after a restart.
    pub(crate) async fn reopened(self, settings: Settings) -> Self {
        self.gateway.close().await;
        self.node.close().await.unwrap();
        Self::open_in(self.folder, settings).await
    }

    /// The same node with another gateway.
    pub(crate) async fn served_anew(self) -> Self {
        self.gateway.close().await;
        let settings = Settings::new().listen("127.0.0.1:0".parse().unwrap());
        let gateway = Gateway::bind(self.node.clone(), settings).await.unwrap();
        Self { gateway, ..self }
    }

    /// One with the page for people.
    pub(crate) async fn open_with_page() -> Self {
        Self::open_with(Settings::new().page(true)).await
    }

    pub(crate) fn at(&self) -> SocketAddr {
        self.gateway.local_addr()
    }

    pub(crate) async fn send(&self, ask: Ask) -> Reply {
        tokio::time::timeout(SOON, ask.send(self.at()))
            .await
            .unwrap()
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &Value) -> Reply {
        self.send(Ask::new("POST", path).token(token).json(body))
            .await
    }

    pub(crate) async fn token(&self) -> String {
        let reply = self.authenticate(&manifest("com.example.app")).await;
        reply.json()["token"].as_str().unwrap().to_owned()
    }

    /// The token in a link to the page.
    pub(crate) fn person_token(&self) -> String {
        let link = self.gateway.page().unwrap().link().unwrap();
        let (_, token) = link.url.split_once('#').unwrap();
        token.to_owned()
    }

    /// A call of the page, by somebody who has a link.
    pub(crate) fn call(&self, method: &'static str, path: &str) -> Ask {
        Ask::new(method, format!("/page/v1/{path}")).token(&self.person_token())
    }

    /// What a call of the page brings, if it succeeds.
    pub(crate) async fn done(&self, call: Ask) -> Value {
        let reply = self.send(call).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    pub(crate) async fn authenticate(&self, manifest: &Value) -> Reply {
        self.send(Ask::new("POST", "/api/v2/auth").json(manifest))
            .await
    }

    pub(crate) async fn publish(&self, token: &str, tag: &str, payloads: &[Value]) -> Vec<Value> {
        let events = payloads
            .iter()
            .map(|payload| json!({ "tags": [tag], "payload": payload }));
        let body = json!({ "data": events.collect::<Vec<_>>() });
        let reply = self.post("/api/v2/events/publish", token, &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["data"].as_array().unwrap().clone()
    }

    pub(crate) async fn query(&self, token: &str, query: &str) -> Reply {
        let body = json!({ "query": query, "order": "asc" });
        self.post("/api/v2/events/query", token, &body).await
    }
}

pub(crate) fn manifest(app_id: &str) -> Value {
    json!({ "appId": app_id, "displayName": "An app", "version": "1.0.0" })
}

/// Waits until something is so.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(SOON, async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap();
}
