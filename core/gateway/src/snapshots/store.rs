//! The file `gateway.redb` in the data folder, in which things that apps keep are compressed.
//!
//! It is opened when something is asked of it first. Each change is one transaction, durable when
//! it returns. Nothing here is asynchronous: callers have a thread that may wait.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, TableDefinition, WriteTransaction,
};
use tokio::sync::OnceCell;

use super::path::SnapshotPath;
use crate::limits::{
    SNAPSHOT_BYTES_MAX, SNAPSHOT_COMPRESSED_BYTES_MAX, SNAPSHOT_OVERHEAD_BYTES,
    SNAPSHOTS_BYTES_MAX, SNAPSHOTS_LISTED_MAX,
};

/// Everything that is kept, once it was asked for.
#[derive(Debug, Default)]
pub(crate) struct Shelf(OnceCell<std::sync::Arc<Store>>);

/// The open file.
#[derive(Debug)]
pub(super) struct Store(Database);

/// Something that is kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

/// What is known of something without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measures {
    pub(super) original_bytes: u64,
    pub(super) compressed_bytes: u64,
    pub(super) created_ms: u64,
}

/// What a name in a folder stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Folder,
    File {
        media_type: String,
        measures: Measures,
    },
}

/// What is at a place.
#[derive(Debug)]
pub(super) enum Found {
    File(Kept),
    Folder(BTreeMap<String, Entry>),
    Nothing,
}

/// Why something is not kept.
#[derive(Debug)]
pub(super) enum Refused {
    /// It is too large, or nothing more may be kept.
    TooLarge {
        size: u64,
        limit: usize,
    },
    NoRoom,
    Failed(Box<redb::Error>),
}

impl Shelf {
    /// The open file.
    pub(super) async fn store(&self, folder: &Path) -> Result<std::sync::Arc<Store>, Refused> {
        let open = || async {
            let path = folder.join("gateway.redb");
            let opened = tokio::task::spawn_blocking(move || Store::open(&path)).await;
            opened
                .unwrap_or_else(|_| Err(Refused::NoRoom))
                .map(std::sync::Arc::new)
        };
        self.0.get_or_try_init(open).await.cloned()
    }
}

impl Store {
    fn open(path: &Path) -> Result<Self, Refused> {
        let database = Database::create(path).map_err(redb::Error::from)?;
        let transaction = database.begin_write().map_err(redb::Error::from)?;
        open_all(&transaction)?;
        transaction.commit().map_err(redb::Error::from)?;
        Ok(Self(database))
    }

    /// What is at a place.
    pub(super) fn read(&self, path: &SnapshotPath) -> Result<Found, Refused> {
        let transaction = self.0.begin_read().map_err(redb::Error::from)?;
        let measured = transaction
            .open_table(MEASURED)
            .map_err(redb::Error::from)?;
        let contents = transaction
            .open_table(CONTENTS)
            .map_err(redb::Error::from)?;
        let known = measured.get(path.as_str()).map_err(redb::Error::from)?;
        let content = contents.get(path.as_str()).map_err(redb::Error::from)?;
        if let (Some(known), Some(content)) = (known, content) {
            let (media_type, original, ..) = known.value();
            return Ok(Found::File(Kept {
                media_type: media_type.to_owned(),
                bytes: decompressed(content.value(), original)?,
            }));
        }
        let (from, to) = path.inside();
        let range = measured
            .range(from.as_str()..to.as_str())
            .map_err(redb::Error::from)?;
        let mut entries = BTreeMap::new();
        for item in range.take(SNAPSHOTS_LISTED_MAX) {
            let (name, known) = item.map_err(redb::Error::from)?;
            let inside = &name.value()[from.len()..];
            let (name, entry) = match inside.split_once('/') {
                Some((folder, _)) => (folder, Entry::Folder),
                None => (inside, entry(known.value())),
            };
            entries.entry(name.to_owned()).or_insert(entry);
        }
        Ok(match entries.is_empty() {
            true => Found::Nothing,
            false => Found::Folder(entries),
        })
    }

    /// Keeps something; what was there before is replaced.
    pub(super) fn write(&self, path: &SnapshotPath, kept: &Kept) -> Result<(), Refused> {
        let compressed =
            zstd::bulk::compress(&kept.bytes, LEVEL).map_err(|err| failed(err.into()))?;
        if compressed.len() > SNAPSHOT_COMPRESSED_BYTES_MAX {
            let limit = SNAPSHOT_COMPRESSED_BYTES_MAX;
            let size = compressed.len() as u64;
            return Err(Refused::TooLarge { size, limit });
        }
        let sizes = (kept.bytes.len() as u64, compressed.len() as u64, now_ms());
        let (original, stored, created) = sizes;
        let transaction = self.0.begin_write().map_err(redb::Error::from)?;
        {
            let mut tables = open_all(&transaction)?;
            let replaced = tables.remove(path.as_str())?;
            let total = tables.total()? - replaced + cost(path.as_str(), stored);
            if total > SNAPSHOTS_BYTES_MAX {
                // What was there before stays.
                return Err(Refused::NoRoom);
            }
            let known = (kept.media_type.as_str(), original, stored, created);
            tables
                .measured
                .insert(path.as_str(), known)
                .map_err(redb::Error::from)?;
            let content = compressed.as_slice();
            tables
                .contents
                .insert(path.as_str(), content)
                .map_err(redb::Error::from)?;
            tables.totals.insert((), total).map_err(redb::Error::from)?;
        }
        transaction.commit().map_err(redb::Error::from)?;
        Ok(())
    }

    /// Removes what is at a place and below it; nothing is fine.
    pub(super) fn remove(&self, path: &SnapshotPath) -> Result<(), Refused> {
        let transaction = self.0.begin_write().map_err(redb::Error::from)?;
        {
            let mut tables = open_all(&transaction)?;
            let (from, to) = path.inside();
            let range = tables.measured.range(from.as_str()..to.as_str());
            let names = range.map_err(redb::Error::from)?;
            let names = names.map(|item| item.map(|(name, _)| name.value().to_owned()));
            let names: Result<Vec<String>, _> = names.collect();
            let mut freed = tables.remove(path.as_str())?;
            for name in names.map_err(redb::Error::from)? {
                freed += tables.remove(&name)?;
            }
            let total = tables.total()?.saturating_sub(freed);
            tables.totals.insert((), total).map_err(redb::Error::from)?;
        }
        transaction.commit().map_err(redb::Error::from)?;
        Ok(())
    }
}

type Known = (&'static str, u64, u64, u64);

/// All tables in one transaction.
struct Tables<'a> {
    measured: redb::Table<'a, &'static str, Known>,
    contents: redb::Table<'a, &'static str, &'static [u8]>,
    totals: redb::Table<'a, (), u64>,
}

fn open_all(transaction: &WriteTransaction) -> Result<Tables<'_>, Refused> {
    Ok(Tables {
        measured: transaction
            .open_table(MEASURED)
            .map_err(redb::Error::from)?,
        contents: transaction
            .open_table(CONTENTS)
            .map_err(redb::Error::from)?,
        totals: transaction.open_table(TOTALS).map_err(redb::Error::from)?,
    })
}

impl Tables<'_> {
    /// Removes one thing, and says what it cost.
    fn remove(&mut self, name: &str) -> Result<u64, Refused> {
        self.contents.remove(name).map_err(redb::Error::from)?;
        let known = self.measured.remove(name).map_err(redb::Error::from)?;
        Ok(known.map_or(0, |known| cost(name, known.value().2)))
    }

    fn total(&self) -> Result<u64, Refused> {
        let total = self.totals.get(()).map_err(redb::Error::from)?;
        Ok(total.map_or(0, |total| total.value()))
    }
}

fn entry((media_type, original, compressed, created): (&str, u64, u64, u64)) -> Entry {
    Entry::File {
        media_type: media_type.to_owned(),
        measures: Measures {
            original_bytes: original,
            compressed_bytes: compressed,
            created_ms: created,
        },
    }
}

fn cost(name: &str, compressed: u64) -> u64 {
    name.len() as u64 + compressed + SNAPSHOT_OVERHEAD_BYTES
}

fn decompressed(content: &[u8], original: u64) -> Result<Vec<u8>, Refused> {
    let size = usize::try_from(original)
        .unwrap_or(usize::MAX)
        .min(SNAPSHOT_BYTES_MAX);
    zstd::bulk::decompress(content, size).map_err(|err| failed(err.into()))
}

fn failed(error: redb::StorageError) -> Refused {
    redb::Error::from(error).into()
}

impl From<redb::Error> for Refused {
    fn from(error: redb::Error) -> Self {
        Self::Failed(Box::new(error))
    }
}

fn now_ms() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Media type, original and compressed bytes, milliseconds since 1970.
const MEASURED: TableDefinition<'_, &str, Known> = TableDefinition::new("measured");
const CONTENTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("contents");
/// What all of it costs, in one row.
const TOTALS: TableDefinition<'_, (), u64> = TableDefinition::new("totals");

/// Half as large as the states of apps usually become, in the time that it takes to send them.
const LEVEL: i32 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use swarmlet::AppId;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("x.redb")).unwrap();
        (folder, store)
    }

    fn path(text: &str) -> SnapshotPath {
        let caller = AppId::new("com.example.app").unwrap();
        SnapshotPath::parse(&format!("-/{text}"), &caller)
            .unwrap()
            .0
    }

    fn kept(bytes: impl Into<Vec<u8>>) -> Kept {
        Kept {
            media_type: "text/plain".into(),
            bytes: bytes.into(),
        }
    }

    fn total(store: &Store) -> u64 {
        let transaction = store.0.begin_write().unwrap();
        open_all(&transaction).unwrap().total().unwrap()
    }

    #[test]
    fn folders_are_what_is_in_them() {
        let (_folder, store) = store();
        for name in ["a/1", "a/2/x", "a/2/y", "b", "a-"] {
            store.write(&path(name), &kept(name)).unwrap();
        }
        let Found::Folder(entries) = store.read(&path("a")).unwrap() else {
            panic!("no folder");
        };
        let names: Vec<&str> = entries.keys().map(String::as_str).collect();
        assert_eq!(names, ["1", "2"]);
        assert_eq!(entries["2"], Entry::Folder);
        assert!(
            matches!(&entries["1"], Entry::File { measures, .. } if measures.original_bytes == 3)
        );
        store.remove(&path("a")).unwrap();
        assert!(matches!(store.read(&path("a")).unwrap(), Found::Nothing));
        for name in ["b", "a-"] {
            assert!(matches!(store.read(&path(name)).unwrap(), Found::File(_)));
            store.remove(&path(name)).unwrap();
        }
        assert_eq!(total(&store), 0);
    }

    #[test]
    fn what_is_replaced_costs_nothing_any_more() {
        let (_folder, store) = store();
        store.write(&path("a"), &kept(vec![7; 1_000_000])).unwrap();
        let before = total(&store);
        store.write(&path("a"), &kept(vec![8; 1_000_000])).unwrap();
        assert_eq!(total(&store), before);
        assert!(matches!(store.read(&path("a")).unwrap(), Found::File(kept) if kept.bytes[0] == 8));
    }

    #[test]
    fn what_does_not_become_small_is_refused_and_what_was_there_stays() {
        let (_folder, store) = store();
        store.write(&path("a"), &kept("old")).unwrap();
        let mut seed = 1_u32;
        let noise = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        });
        let noise: Vec<u8> = noise.take(SNAPSHOT_COMPRESSED_BYTES_MAX + 1000).collect();
        let refused = store.write(&path("a"), &kept(noise)).unwrap_err();
        assert!(matches!(refused, Refused::TooLarge { .. }));
        assert!(
            matches!(store.read(&path("a")).unwrap(), Found::File(kept) if kept.bytes == b"old")
        );
    }
}
