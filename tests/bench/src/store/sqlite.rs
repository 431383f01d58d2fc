//! SQLite with a write-ahead log and a sync at every commit: what most people would take.

use super::group::{Grouped, Writer};
use super::{Hit, Store};
use crate::event::{APP, Event};
use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, params};
use std::path::Path;

/// The page cache is given the same bound as the caches of the others.
const SETTINGS: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -32768;
";

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS events (
        stream INTEGER, offset INTEGER, lamport INTEGER, time INTEGER, app TEXT, payload BLOB,
        PRIMARY KEY (stream, offset)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS tags (
        tag TEXT, lamport INTEGER, stream INTEGER, offset INTEGER,
        PRIMARY KEY (tag, lamport, stream, offset)
    ) WITHOUT ROWID;
";

const INSERT_EVENT: &str = "INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const INSERT_TAG: &str = "INSERT INTO tags VALUES (?1, ?2, ?3, ?4)";
const QUERY: &str = "
    SELECT events.lamport, events.time, events.payload
    FROM tags JOIN events USING (stream, offset)
    WHERE tags.tag = ?1 ORDER BY tags.lamport, tags.stream, tags.offset
";

pub(super) fn open(folder: &Path) -> Result<Box<dyn Store>> {
    let path = folder.join("events.sqlite");
    let connection =
        Connection::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    ensure!(mode == "wal", "journal mode is {mode}");
    connection.execute_batch(SETTINGS)?;
    connection.execute_batch(SCHEMA)?;
    Ok(Box::new(Grouped::new(Sqlite(connection))))
}

struct Sqlite(Connection);

impl Writer for Sqlite {
    fn commit(&mut self, events: &[Event]) -> Result<()> {
        let transaction = self.0.transaction()?;
        let mut insert_event = transaction.prepare_cached(INSERT_EVENT)?;
        let mut insert_tag = transaction.prepare_cached(INSERT_TAG)?;
        for event in events {
            let (stream, offset, lamport) = (event.stream, event.offset, event.lamport);
            let payload: &[u8] = &event.payload;
            insert_event.execute(params![
                stream,
                offset,
                lamport,
                event.time_us,
                APP,
                payload
            ])?;
            for tag in &event.tags {
                insert_tag.execute(params![&**tag, lamport, stream, offset])?;
            }
        }
        drop((insert_event, insert_tag));
        Ok(transaction.commit()?)
    }

    fn query_tag(&mut self, tag: &str, visit: &mut dyn FnMut(Hit<'_>)) -> Result<()> {
        let mut query = self.0.prepare_cached(QUERY)?;
        let mut rows = query.query([tag])?;
        while let Some(row) = rows.next()? {
            let payload = row.get_ref(2)?.as_blob()?;
            visit(Hit {
                lamport: row.get(0)?,
                time_us: row.get(1)?,
                payload,
            });
        }
        Ok(())
    }
}
