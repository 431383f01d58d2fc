//! What is measured of the log: publishing, reading, the disk.

use swarmlet::{AppMetrics, BlobUsage, Durability, Metrics};

use super::folder::bytes_beside;
use super::text::{Kind, Text, seconds};
use crate::desk::Desk;

use Kind::{Counter, Gauge};

pub(super) fn publishing(text: &mut Text, metrics: &Metrics) {
    let durability = match metrics.durability {
        Durability::Synced => "synced",
        Durability::Buffered => "buffered",
    };
    let durable = [("durability", durability)];
    let name = "swarmlet_events_appended_total";
    text.family(name, Counter, "Events published by this node.");
    for app in &metrics.apps {
        let labels = [("app", named(app)), durable[0]];
        text.sample(name, &labels, app.events_published);
    }
    let name = "swarmlet_event_bytes_appended_total";
    let help = "Bytes of their tags and payloads, as they are encoded.";
    text.family(name, Counter, help);
    for app in &metrics.apps {
        let labels = [("app", named(app)), durable[0]];
        text.sample(name, &labels, app.bytes_published);
    }
    let help = "Groups of events, each written and synced as one.";
    let groups = metrics.log.groups_committed;
    text.single("swarmlet_commit_groups_total", Counter, help, groups);
    for (name, help, histogram) in [
        (
            "swarmlet_append_duration_seconds",
            "From publishing to the acknowledgement.",
            &metrics.publish,
        ),
        (
            "swarmlet_commit_duration_seconds",
            "Stamping, signing, writing and syncing of one group.",
            &metrics.append,
        ),
        (
            "swarmlet_fsync_duration_seconds",
            "One sync of the disk.",
            &metrics.sync,
        ),
    ] {
        text.histograms(name, help, [(&durable[..], histogram)]);
    }
    let help = "Publish calls that failed.";
    let failures = metrics.publish_failures;
    text.single("swarmlet_publish_failures_total", Counter, help, failures);
}

pub(super) fn reading(text: &mut Text, metrics: &Metrics) {
    let help = "One read of the log for a query or a subscription.";
    let labels: Vec<_> = metrics
        .apps
        .iter()
        .map(|app| [("app", named(app))])
        .collect();
    let queries = metrics.apps.iter().map(|app| &app.query);
    let queries = labels.iter().map(|label| &label[..]).zip(queries);
    text.histograms("swarmlet_query_duration_seconds", help, queries);
    let name = "swarmlet_query_scanned_events_total";
    let help = "Events that were read for them, also to see that they do not match.";
    by_app(text, (name, Counter, help), metrics, |app| app.events_read);
    let help = "Reads of the log that failed.";
    let failures = metrics.query_failures;
    text.single("swarmlet_query_failures_total", Counter, help, failures);
    let help = "Queries whose results are being read.";
    text.single("swarmlet_queries", Gauge, help, metrics.results_open);
    let name = "swarmlet_subscriptions";
    let help = "Subscriptions that are held.";
    by_app(text, (name, Gauge, help), metrics, |app| app.subscriptions);
    let name = "swarmlet_subscription_lag_events";
    let help =
        "Events that are here and that the slowest subscription has not taken or passed over.";
    by_app(text, (name, Gauge, help), metrics, |app| {
        app.subscription_lag
    });
    let name = "swarmlet_cache_requests_total";
    text.family(name, Counter, "Blocks that were asked of the cache.");
    text.sample(name, &[("result", "hit")], metrics.log.cache_hits);
    text.sample(name, &[("result", "miss")], metrics.log.cache_misses);
}

pub(super) fn storing(text: &mut Text, desk: &Desk, metrics: &Metrics, usage: Option<&BlobUsage>) {
    let log = &metrics.log;
    let name = "swarmlet_store_bytes";
    text.family(name, Gauge, "Bytes on the disk.");
    let events = log.segment_bytes.saturating_sub(log.segment_index_bytes);
    text.sample(name, &[("kind", "log")], log.log_bytes + events);
    text.sample(name, &[("kind", "index")], log.segment_index_bytes);
    if let Some(beside) = bytes_beside(desk.node.folder()) {
        text.sample(name, &[("kind", "meta")], beside);
    }
    if let Some(usage) = usage {
        text.sample(name, &[("kind", "blobs")], usage.bytes);
        let help = "Blobs on this device.";
        text.single("swarmlet_blobs", Gauge, help, usage.blobs);
    }
    let help = "Events on this device, of all nodes.";
    text.single("swarmlet_store_events", Gauge, help, log.events_stored);
    let help = "Sealed files of events.";
    text.single("swarmlet_store_segments", Gauge, help, log.segments);
    let help = "Bytes of torn writes that were set aside when the node was opened.";
    let set_aside = log.bytes_set_aside;
    text.single("swarmlet_store_set_aside_bytes", Gauge, help, set_aside);
    let help = "Whether nothing is written until the node is opened again, since a sync failed.";
    let is_read_only = u8::from(metrics.is_read_only);
    text.single("swarmlet_store_read_only", Gauge, help, is_read_only);
    let help = "Times that something on the disk was not what was written.";
    let corruptions = metrics.corruptions;
    text.single(
        "swarmlet_store_corruptions_total",
        Counter,
        help,
        corruptions,
    );
    let help = "Damaged blobs that are whole again, by what peers sent.";
    let repairs = metrics.repairs;
    text.single("swarmlet_store_repairs_total", Counter, help, repairs);
    let help = "How long it took to read back the log when the node was opened.";
    let recovery = seconds(metrics.recovery);
    text.single("swarmlet_recovery_duration_seconds", Gauge, help, recovery);
    room(text, desk);
    let name = "swarmlet_memory_accounted_bytes";
    text.family(name, Gauge, "Bytes in memory.");
    text.sample(name, &[("part", "cache")], log.cache_bytes);
    text.sample(name, &[("part", "queues")], metrics.queue_bytes);
    text.sample(name, &[("part", "index")], log.index_bytes);
}

pub(super) fn upkeep(text: &mut Text, metrics: &Metrics) {
    let log = &metrics.log;
    let name = "swarmlet_compactions_total";
    let help = "Files that were sealed, merged, or rewritten by retention.";
    text.family(name, Counter, help);
    text.sample(name, &[("kind", "seal")], log.seals);
    text.sample(name, &[("kind", "merge")], log.merges);
    text.sample(name, &[("kind", "drop")], log.drops);
    let name = "swarmlet_compaction_duration_seconds";
    let help = "Sealing, merging, or rewriting of one file.";
    text.histograms(name, help, [(&[][..], &metrics.compaction)]);
    let help = "Events that retention has dropped.";
    let pruned = log.events_dropped;
    text.single("swarmlet_pruned_events_total", Counter, help, pruned);
    let name = "swarmlet_maintenance_failures_total";
    let help = "Pieces of background work that failed; they are tried again.";
    text.single(name, Counter, help, metrics.maintenance_failures);
    let help = "Whether the last piece of background work failed.";
    let is_failing = u8::from(metrics.maintenance_error.is_some());
    text.single("swarmlet_maintenance_failing", Gauge, help, is_failing);
}

/// What the disk has left, where the system tells.
fn room(text: &mut Text, desk: &Desk) {
    #[cfg(unix)]
    if let Ok(room) = rustix::fs::statvfs(desk.node.folder()) {
        let help = "Bytes that are free for the node, on the disk of its folder.";
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        text.single("swarmlet_disk_free_bytes", Gauge, help, free);
    }
    #[cfg(not(unix))]
    let _ = (text, desk);
}

fn by_app(
    text: &mut Text,
    (name, kind, help): (&str, Kind, &str),
    metrics: &Metrics,
    value: impl Fn(&AppMetrics) -> u64,
) {
    text.family(name, kind, help);
    for app in &metrics.apps {
        text.sample(name, &[("app", named(app))], value(app));
    }
}

fn named(app: &AppMetrics) -> &str {
    app.app.as_ref().map_or("other", |app| app.as_str())
}
