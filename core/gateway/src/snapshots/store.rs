//! The file `gateway.redb` in the data folder, in which things that apps keep are compressed.
//!
//! It is opened when something is asked of it first. Each change is one transaction, durable when
//! it returns. Nothing here is asynchronous: callers have a thread that may wait.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, TableDefinition, WriteTransaction,
};
use tokio::sync::Mutex;

use super::path::SnapshotPath;
use crate::limits::{
    SNAPSHOT_BYTES_MAX, SNAPSHOT_COMPRESSED_BYTES_MAX, SNAPSHOT_OVERHEAD_BYTES,
    SNAPSHOTS_BYTES_MAX, SNAPSHOTS_CACHE_BYTES, SNAPSHOTS_LISTED_MAX,
};
use crate::problem::Problem;

/// Everything that is kept, once it was asked for.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<Option<Arc<Store>>>);

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
    /// Asks the store, on a thread that may wait for the disk.
    ///
    /// A file that could not be written or read once refuses everything from then on, for instance
    /// after the disk was full. It is opened again then, once.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        folder: &Path,
        ask: impl Fn(&Store) -> Result<T, Refused> + Send + Sync + 'static,
    ) -> Result<T, Problem> {
        let ask = Arc::new(ask);
        let (store, first) = self.ask_once(folder, ask.clone()).await?;
        let asked = match first {
            Err(refused) if refused.is_lasting() => {
                self.put_away(store).await;
                self.ask_once(folder, ask).await?.1
            }
            asked => asked,
        };
        Ok(asked?)
    }

    async fn ask_once<T: Send + 'static>(
        &self,
        folder: &Path,
        ask: Arc<impl Fn(&Store) -> Result<T, Refused> + Send + Sync + 'static>,
    ) -> Result<(Arc<Store>, Result<T, Refused>), Problem> {
        let store = self.store(folder).await?;
        let asked = store.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&asked)).await;
        Ok((store, asked.map_err(|_| Problem::Internal)?))
    }

    /// The open file.
    async fn store(&self, folder: &Path) -> Result<Arc<Store>, Problem> {
        let mut open = self.0.lock().await;
        if let Some(store) = open.as_ref() {
            return Ok(store.clone());
        }
        let path = folder.join("gateway.redb");
        let opened = tokio::task::spawn_blocking(move || Store::open(&path)).await;
        let store = Arc::new(opened.map_err(|_| Problem::Internal)??);
        *open = Some(store.clone());
        Ok(store)
    }

    /// Closes a file that is of no more use. It is open until all who use it are done.
    async fn put_away(&self, store: Arc<Store>) {
        let mut open = self.0.lock().await;
        if open.as_ref().is_some_and(|open| Arc::ptr_eq(open, &store)) {
            *open = None;
        }
        drop(open);
        let _ = tokio::task::spawn_blocking(move || drop(store)).await;
    }
}

impl Refused {
    /// Whether the open file refuses everything from now on.
    fn is_lasting(&self) -> bool {
        let Self::Failed(error) = self else {
            return false;
        };
        matches!(**error, redb::Error::Io(_) | redb::Error::PreviousIo)
    }

    /// Whether that is because the disk is full.
    pub(super) fn is_full(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        let Self::Failed(error) = self else {
            return false;
        };
        matches!(&**error, redb::Error::Io(error)
            if matches!(error.kind(), StorageFull | QuotaExceeded))
    }
}

impl Store {
    fn open(path: &Path) -> Result<Self, Refused> {
        let mut builder = Database::builder();
        builder.set_cache_size(SNAPSHOTS_CACHE_BYTES);
        Self::set_up(builder.create(path).map_err(redb::Error::from)?)
    }

    fn set_up(database: Database) -> Result<Self, Refused> {
        let transaction = database.begin_write().map_err(redb::Error::from)?;
        open_all(&transaction)?;
        transaction.commit().map_err(redb::Error::from)?;
        Ok(Self(database))
    }

    /// How many bytes are at a place.
    pub(super) fn size(&self, path: &SnapshotPath) -> Result<u64, Refused> {
        let transaction = self.0.begin_read().map_err(redb::Error::from)?;
        let measured = transaction
            .open_table(MEASURED)
            .map_err(redb::Error::from)?;
        let known = measured.get(path.as_str()).map_err(redb::Error::from)?;
        Ok(known.map_or(0, |known| known.value().1))
    }

    /// What is at a place; none if it is more than so many bytes.
    pub(super) fn read(
        &self,
        path: &SnapshotPath,
        bytes_max: u64,
    ) -> Result<Option<Found>, Refused> {
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
            if original > bytes_max {
                return Ok(None);
            }
            return Ok(Some(Found::File(Kept {
                media_type: media_type.to_owned(),
                bytes: decompressed(content.value(), original)?,
            })));
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
        Ok(Some(match entries.is_empty() {
            true => Found::Nothing,
            false => Found::Folder(entries),
        }))
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
    use redb::StorageBackend;
    use redb::backends::InMemoryBackend;
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};
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

    fn read(store: &Store, name: &str) -> Found {
        store.read(&path(name), u64::MAX).unwrap().unwrap()
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
        let Found::Folder(entries) = read(&store, "a") else {
            panic!("no folder");
        };
        let names: Vec<&str> = entries.keys().map(String::as_str).collect();
        assert_eq!(names, ["1", "2"]);
        assert_eq!(entries["2"], Entry::Folder);
        assert!(
            matches!(&entries["1"], Entry::File { measures, .. } if measures.original_bytes == 3)
        );
        store.remove(&path("a")).unwrap();
        assert!(matches!(read(&store, "a"), Found::Nothing));
        for name in ["b", "a-"] {
            assert!(matches!(read(&store, name), Found::File(_)));
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
        assert!(matches!(read(&store, "a"), Found::File(kept) if kept.bytes[0] == 8));
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
        assert!(matches!(read(&store, "a"), Found::File(kept) if kept.bytes == b"old"));
    }

    /// A disk that is full.
    #[derive(Debug)]
    struct Full(InMemoryBackend, Arc<AtomicBool>);

    impl StorageBackend for Full {
        fn len(&self) -> io::Result<u64> {
            self.0.len()
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.0.read(offset, out)
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.check()?;
            self.0.set_len(len)
        }

        fn sync_data(&self) -> io::Result<()> {
            self.check()?;
            self.0.sync_data()
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.check()?;
            self.0.write(offset, data)
        }
    }

    impl Full {
        fn check(&self) -> io::Result<()> {
            match self.1.load(Ordering::Relaxed) {
                true => Err(io::ErrorKind::StorageFull.into()),
                false => Ok(()),
            }
        }
    }

    #[tokio::test]
    async fn a_disk_that_was_full_once_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let is_full = Arc::new(AtomicBool::new(false));
        let backend = Full(InMemoryBackend::new(), is_full.clone());
        let full = Database::builder().create_with_backend(backend).unwrap();
        let full = Arc::new(Store::set_up(full).unwrap());
        is_full.store(true, Ordering::Relaxed);
        let refused = full.write(&path("a"), &kept("x")).unwrap_err();
        assert!(refused.is_full());
        let shelf = Shelf(Mutex::new(Some(full)));
        let write = |store: &Store| store.write(&path("a"), &kept("x"));
        shelf.ask(folder.path(), write).await.unwrap();
        let size = shelf
            .ask(folder.path(), |store| store.size(&path("a")))
            .await;
        assert_eq!(size.unwrap(), 1);
    }

    #[test]
    fn what_was_replaced_by_something_larger_is_measured_again() {
        let (_folder, store) = store();
        store.write(&path("a"), &kept("one")).unwrap();
        assert_eq!(store.size(&path("a")).unwrap(), 3);
        assert!(store.read(&path("a"), 2).unwrap().is_none());
        assert!(store.read(&path("a"), 3).unwrap().is_some());
    }
}
