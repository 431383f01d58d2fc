//! HTTP and WebSocket for apps that are no nodes themselves: the predecessor's API v2, on a node.
//!
//! Apps that were written for Actyx run on it unmodified, with `@actyx/sdk`, `@actyx/pond`,
//! machine-runner or `actyx_sdk`. It listens on this machine only, unless told otherwise, and it
//! is only there if the host program binds it.
//!
//! ```
//! use swarmlet::{Node, Options};
//! use swarmlet_gateway::{Gateway, Settings};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> swarmlet::Result<()> {
//! # let folder = tempfile::tempdir().expect("a folder for the example");
//! # let path = folder.path().join("press-7");
//! let node = Node::open(&path, Options::new()).await?;
//! let address = "127.0.0.1:0".parse().expect("an address");
//! let gateway = Gateway::bind(node.clone(), Settings::new().listen(address)).await?;
//! println!("apps find the node at http://{}", gateway.local_addr());
//!
//! gateway.close().await;
//! node.close().await
//! # }
//! ```
//!
//! From the socket inwards: `gateway` opens and closes it, `serving` runs connections, `defences`
//! keeps pages of others out, `routes` says what answers what, `auth` who calls, `events`
//! translates between the wire and the node, `socket` carries many requests over one WebSocket,
//! `page` is for people.
//! The gateway knows the node by its public interface only, and decides nothing about events.

#![forbid(unsafe_code)]

mod auth;
mod background;
mod body;
mod defences;
mod desk;
mod events;
mod files;
mod gateway;
mod limits;
mod metrics;
mod negotiation;
mod node;
mod page;
mod periods;
mod problem;
mod routes;
mod serving;
mod settings;
mod snapshots;
mod socket;

pub use gateway::Gateway;
pub use page::{Page, PageLink};
pub use settings::Settings;
