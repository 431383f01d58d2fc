//! A node of a swarm, embedded in your process: a durable, signed event log with queries and
//! subscriptions. No server, no broker; it works offline.
//!
//! ```
//! use swarmlet::{Node, Options, Payload, QueryOptions, Tags};
//! # use serde_json::{Value, json};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> swarmlet::Result<()> {
//! # let folder = tempfile::tempdir().expect("a folder for the example");
//! # let path = folder.path().join("press-7");
//! let node = Node::open(&path, Options::new().app_id("com.example.press")).await?;
//!
//! // The event is on the disk, synced, when this returns.
//! let tags = Tags::new(["press:7", "stopped"])?;
//! let published = node.publish(tags, Payload::from_serde(&json!({"reason": "jam"}))?).await?;
//!
//! let mut results = node.query("FROM 'press:7' & 'stopped'", QueryOptions::default())?;
//! while let Some(rows) = results.next_chunk(256).await? {
//!     for row in rows {
//!         assert_eq!(row.event().map(|event| event.key), Some(published.key));
//!         assert_eq!(row.payload().to_serde::<Value>()?["reason"], "jam");
//!     }
//! }
//! node.close().await
//! # }
//! ```
//!
//! This crate is the node around the pure engine: it owns the threads, the clock, the data folder
//! with its lock and identity, and the async interface. It decides nothing about bytes or order;
//! that is `swarmlet-engine`. It does not parse queries; that is `swarmlet-aql`.
//!
//! Calls that wait for the disk are async and need a tokio runtime; each has a twin ending in
//! `_blocking` that needs none. Queries and subscriptions do both: see [`Results`].

#![forbid(unsafe_code)]

mod attest;
mod blobs;
mod clock;
mod disk;
mod folder;
mod identity;
mod inspect;
pub mod json;
mod limits;
mod maintenance;
mod metrics;
mod node;
mod open;
mod options;
mod park;
mod parking;
mod permission;
mod qr;
mod query;
pub mod report;
mod state;
mod swarm;
mod writer;

pub use attest::is_attested;
pub use blobs::{
    BlobChange, BlobChanges, BlobInfo, BlobList, BlobProgress, BlobReader, BlobStat, BlobState,
    BlobUsage, BlobWatch, BlobWriter, Blobs, CollectionWriter, PutOptions, SavedFolder,
    folder_files, folder_place,
};
pub use clock::{Clock, SystemClock};
pub use identity::KeyStore;
pub use inspect::{FileReport, FileSort, Inspection};
pub use metrics::{
    AppMetrics, BlobMetrics, Histogram, LinkMetrics, Metrics, PeerMetrics, SwarmMetrics, Traffic,
};
pub use node::{Node, OffsetsState};
pub use options::{Options, Retention};
pub use qr::QrCode;
pub use query::{
    Diagnostic, EventRange, Explanation, Item, Origin, Output, Parameter, Parameters, QueryOptions,
    Results, Row, Severity, SourceReport, SubscribeOptions, TermReport, query_mistake,
};
pub use swarm::{Founded, InviteOptions, MemberInfo, Network, Peer, RootKey, Swarm, SwarmStatus};
pub use swarmlet_engine::blobs::{
    BlobId, BlobSize, Collection, CollectionEntry, CollectionFile, CollectionPath, Hold, Keep,
};
pub use swarmlet_engine::event::{
    AppId, Content, DeviceKey, Event, EventKey, Lamport, NewEvent, NodeId, Offset, Offsets,
    Payload, Signature, Signer, StreamId, StreamName, StreamNumber, Tag, Tags, Timestamp,
};
pub use swarmlet_engine::log::{Durability, LogStats, Order, Published, StreamInfo, StreamRange};
pub use swarmlet_engine::membership::{Capabilities, PendingDevice, SwarmId};
pub use swarmlet_engine::{Advice, Error, ErrorKind, Result};
