//! A node with a gateway, and apps that use it.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use swarmlet::{Node, Options};
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

    async fn open_in(folder: tempfile::TempDir, settings: Settings) -> Self {
        let node = Node::open(folder.path().join("node"), Options::new())
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
