//! Swarmlet itself, used as an app would: a node in this process, blocking calls from threads.
//!
//! Values are encoded as CBOR by each call, in the caller's thread; signing, hashing and chaining
//! are always on. The node stamps offsets and lamports itself, so those given are ignored.

use super::{Hit, Store};
use crate::event::{APP, Event};
use anyhow::Result;
use std::path::Path;
use swarmlet::{AppId, NewEvent, Node, Options, Payload, QueryOptions, Row, Tags};

pub(super) fn open(folder: &Path) -> Result<Box<dyn Store>> {
    let node = Node::open_blocking(folder.join("swarmlet"), Options::default())?;
    Ok(Box::new(Embedded {
        node: node.scoped(AppId::new(APP)?),
    }))
}

struct Embedded {
    node: Node,
}

/// Closed before the folder may be opened again, as the other stores are.
impl Drop for Embedded {
    fn drop(&mut self) {
        // Nobody is left to tell; what was acknowledged is on the disk.
        let _ = self.node.close_blocking();
    }
}

impl Store for Embedded {
    fn append(&self, events: &[Event]) -> Result<()> {
        let events = events.iter().map(encode).collect::<Result<Vec<_>>>()?;
        self.node.publish_many_blocking(events)?;
        Ok(())
    }

    fn query_tag(&self, tag: &str, visit: &mut dyn FnMut(Hit<'_>)) -> Result<()> {
        let query = format!("FROM '{tag}'");
        let mut results = self.node.query(&query, QueryOptions::default())?;
        while let Some(rows) = results.next_chunk_blocking(256)? {
            for event in rows.into_iter().filter_map(Row::into_event) {
                visit(Hit {
                    lamport: event.key.lamport.get(),
                    time_us: event.timestamp.micros() as u64,
                    payload: event.payload().as_cbor(),
                });
            }
        }
        Ok(())
    }
}

/// The event as an app would give it to a node.
///
/// # Errors
///
/// When a tag or the value is not valid.
pub fn encode(event: &Event) -> Result<NewEvent> {
    Ok(NewEvent {
        tags: Tags::new(event.tags.iter().map(AsRef::as_ref))?,
        payload: Payload::from_serde(&*event.document)?,
    })
}
