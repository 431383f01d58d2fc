//! What blobs take, looked at now and then: it means a look at every file.

use std::time::Instant;

use swarmlet::{BlobUsage, Node};
use tokio::sync::Mutex;

use crate::background::in_background;
use crate::limits::USAGE_PERIOD;

/// What was seen last, and when. One looks at a time; the others wait for what it sees.
#[derive(Debug, Default)]
pub(crate) struct UsageSeen(Mutex<Option<(Instant, Option<BlobUsage>)>>);

impl UsageSeen {
    /// What blobs take, as of the last look; nothing if that failed.
    pub(crate) async fn latest(&self, node: &Node) -> Option<BlobUsage> {
        let mut seen = self.0.lock().await;
        if let Some((at, usage)) = seen.as_ref()
            && at.elapsed() < USAGE_PERIOD
        {
            return *usage;
        }
        let blobs = node.blobs();
        let usage = in_background(move || blobs.usage()).await.ok();
        *seen = Some((Instant::now(), usage));
        usage
    }
}
