//! What is measured of the exchange of blobs.

use swarmlet::BlobMetrics;

use super::text::{Kind, Text};

use Kind::{Counter, Gauge};

pub(super) fn exchanging(text: &mut Text, blobs: &BlobMetrics) {
    let name = "swarmlet_blob_transfers_total";
    let help = "Blobs of which all has come from peers, and whether they could be kept.";
    text.family(name, Counter, help);
    let fetched = [("direction", "in"), ("result", "ok")];
    text.sample(name, &fetched, blobs.fetched);
    let failed = [("direction", "in"), ("result", "failed")];
    text.sample(name, &failed, blobs.fetches_failed);
    let name = "swarmlet_blob_bytes_total";
    let help = "Bytes of pieces of blobs with their proofs; those without one are refused.";
    text.family(name, Counter, help);
    for (direction, result, bytes) in [
        ("in", "ok", blobs.bytes_received),
        ("in", "refused", blobs.bytes_refused),
        ("out", "ok", blobs.bytes_sent),
    ] {
        let labels = [("direction", direction), ("result", result)];
        text.sample(name, &labels, bytes);
    }
    let help = "Blobs that are to be held here and are not here yet, as far as was looked.";
    text.single("swarmlet_blob_missing", Gauge, help, blobs.missing);
}
