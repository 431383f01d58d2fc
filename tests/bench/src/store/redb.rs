//! redb: a copy-on-write B-tree in Rust, with a sync at every commit.

use super::group::{Grouped, Writer};
use super::{Hit, Store};
use crate::event::{APP, Event};
use anyhow::{Context, Result};
use redb::{Database, ReadableDatabase as _, TableDefinition};
use std::path::Path;

/// The same bound as for the caches of the others.
const CACHE_BYTES: usize = 32 << 20;

/// Lamport, time, app and payload.
type Stored = (u64, u64, &'static str, &'static [u8]);
/// Stream and offset to what is stored of an event.
const EVENTS: TableDefinition<'_, (u32, u64), Stored> = TableDefinition::new("events");
/// Tag, lamport, stream and offset to nothing.
const TAGS: TableDefinition<'_, (&str, u64, u32, u64), ()> = TableDefinition::new("tags");

pub(super) fn open(folder: &Path) -> Result<Box<dyn Store>> {
    let path = folder.join("events.redb");
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    let database = builder
        .create(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Box::new(Grouped::new(Redb(database))))
}

struct Redb(Database);

impl Writer for Redb {
    fn commit(&mut self, events: &[Event]) -> Result<()> {
        let transaction = self.0.begin_write()?;
        let mut table = transaction.open_table(EVENTS)?;
        let mut tags = transaction.open_table(TAGS)?;
        for event in events {
            let (stream, offset, lamport) = (event.stream, event.offset, event.lamport);
            table.insert(
                (stream, offset),
                (lamport, event.time_us, APP, &*event.payload),
            )?;
            for tag in &event.tags {
                tags.insert((&**tag, lamport, stream, offset), ())?;
            }
        }
        drop((table, tags));
        Ok(transaction.commit()?)
    }

    fn query_tag(&mut self, tag: &str, visit: &mut dyn FnMut(Hit<'_>)) -> Result<()> {
        let transaction = self.0.begin_read()?;
        let events = transaction.open_table(EVENTS)?;
        let tags = transaction.open_table(TAGS)?;
        for entry in tags.range((tag, 0, 0, 0)..=(tag, u64::MAX, u32::MAX, u64::MAX))? {
            let (key, ()) = entry.map(|(key, _)| (key, ()))?;
            let (_, _, stream, offset) = key.value();
            let event = events
                .get((stream, offset))?
                .context("a tag without its event")?;
            let (lamport, time_us, _, payload) = event.value();
            visit(Hit {
                lamport,
                time_us,
                payload,
            });
        }
        Ok(())
    }
}
