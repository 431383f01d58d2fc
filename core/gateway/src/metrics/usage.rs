//! What blobs take, looked at now and then: it means a look at every file.

use std::sync::Arc;
use std::time::Instant;

use swarmlet::{BlobUsage, Node};
use tokio::sync::watch;

use crate::background::in_background;
use crate::limits::USAGE_PERIOD;

/// What was seen last. One look goes on at a time, whoever has asked for it and may have gone.
#[derive(Debug)]
pub(crate) struct UsageSeen(Arc<watch::Sender<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    /// When; never, if nothing was looked at yet.
    at: Option<Instant>,
    /// What blobs took then; nothing if the look failed.
    usage: Option<BlobUsage>,
    is_looking: bool,
}

impl Default for UsageSeen {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Seen::default())))
    }
}

impl UsageSeen {
    /// What blobs took at the last look, without waiting for another one.
    pub(crate) fn known(&self, node: &Node) -> Option<BlobUsage> {
        self.look_if_due(node);
        self.0.borrow().usage
    }

    /// What blobs take, as of a minute ago at most; nothing if that cannot be seen.
    pub(crate) async fn latest(&self, node: &Node) -> Option<BlobUsage> {
        self.look_if_due(node);
        let mut looks = self.0.subscribe();
        let seen = looks.wait_for(|seen| !seen.is_looking).await;
        // The sender is borrowed with self.
        seen.ok()?.usage
    }

    fn look_if_due(&self, node: &Node) {
        let is_due = |seen: &Seen| seen.at.is_none_or(|at| at.elapsed() >= USAGE_PERIOD);
        let begins = self.0.send_if_modified(|seen| {
            let begins = !seen.is_looking && is_due(seen);
            seen.is_looking |= begins;
            begins
        });
        if begins {
            let (seen, blobs) = (self.0.clone(), node.blobs());
            tokio::spawn(async move {
                let usage = in_background(move || blobs.usage()).await.ok();
                seen.send_replace(Seen {
                    at: Some(Instant::now()),
                    usage,
                    is_looking: false,
                });
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt as _;
    use swarmlet::{Options, PutOptions};

    use super::*;

    #[tokio::test]
    async fn what_was_looked_for_is_seen_though_nobody_waits_for_it_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::open(folder.path().join("node"), Options::new());
        let node = node.await.unwrap();
        node.blobs().put(b"film", PutOptions::new()).await.unwrap();
        let seen = UsageSeen::default();
        assert!(seen.known(&node).is_none());
        // Who asked has gone.
        assert!(seen.latest(&node).now_or_never().is_none());
        let mut looks = seen.0.subscribe();
        let looked = looks.wait_for(|seen| !seen.is_looking);
        let looked = tokio::time::timeout(Duration::from_secs(20), looked).await;
        drop(looked.unwrap().unwrap());
        assert_eq!(seen.known(&node).map(|usage| usage.blobs), Some(1));
        assert!(seen.latest(&node).now_or_never().is_some(), "not again");
        node.close().await.unwrap();
    }
}
