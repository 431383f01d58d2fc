//! Records of blobs, one after the other: those that are here, and what comes.

use swarmlet_engine::Result;
use swarmlet_engine::blobs::{BlobDeletion, BlobId};
use swarmlet_engine::event::{Event, EventKey};

use super::claims::Judge;
use super::info::BlobInfo;
use crate::query::{Results, Row};

/// The records that are here and were not taken back.
#[derive(Debug)]
pub struct BlobList {
    results: Results,
    judge: Judge,
}

/// What records say, as they come.
#[derive(Debug)]
pub struct BlobChanges {
    results: Results,
}

/// Something was said of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlobChange {
    /// Of which blob.
    pub id: BlobId,
    /// What the record says. Nothing if earlier records were taken back: by whoever wrote this, his
    /// own, and those in streams on which he has the right admin.
    pub info: Option<BlobInfo>,
    /// Where in the log it was said, and by whom.
    pub key: EventKey,
}

impl BlobList {
    pub(super) fn new(results: Results, judge: Judge) -> Self {
        Self { results, judge }
    }

    /// Hands out up to `max` records; nothing at the end. Cancel-safe. The same blob comes once for
    /// each record of it.
    ///
    /// # Errors
    ///
    /// As [`Results::next_chunk`].
    pub async fn next_chunk(&mut self, max: usize) -> Result<Option<Vec<BlobInfo>>> {
        while let Some(rows) = self.results.next_chunk(max).await? {
            let infos = self.live(&rows)?;
            if !infos.is_empty() {
                return Ok(Some(infos));
            }
        }
        Ok(None)
    }

    /// As [`BlobList::next_chunk`], for callers without a runtime.
    ///
    /// # Errors
    ///
    /// As [`BlobList::next_chunk`].
    pub fn next_chunk_blocking(&mut self, max: usize) -> Result<Option<Vec<BlobInfo>>> {
        while let Some(rows) = self.results.next_chunk_blocking(max)? {
            let infos = self.live(&rows)?;
            if !infos.is_empty() {
                return Ok(Some(infos));
            }
        }
        Ok(None)
    }

    fn live(&self, rows: &[Row]) -> Result<Vec<BlobInfo>> {
        let events = rows.iter().filter_map(Row::event);
        let mut live = Vec::new();
        for info in events.filter_map(BlobInfo::from_event) {
            if info.collection.is_none() && self.judge.is_live(info.id, info.key)? {
                live.push(info);
            }
        }
        Ok(live)
    }
}

impl BlobChanges {
    pub(super) fn new(results: Results) -> Self {
        Self { results }
    }

    /// Waits for what is said, and hands out up to `max` of it; never nothing. Cancel-safe.
    ///
    /// # Errors
    ///
    /// As [`Results::next_chunk`].
    pub async fn next_chunk(&mut self, max: usize) -> Result<Option<Vec<BlobChange>>> {
        while let Some(rows) = self.results.next_chunk(max).await? {
            let changes = changes(&rows);
            if !changes.is_empty() {
                return Ok(Some(changes));
            }
        }
        Ok(None)
    }

    /// As [`BlobChanges::next_chunk`], for callers without a runtime.
    ///
    /// # Errors
    ///
    /// As [`BlobChanges::next_chunk`].
    pub fn next_chunk_blocking(&mut self, max: usize) -> Result<Option<Vec<BlobChange>>> {
        while let Some(rows) = self.results.next_chunk_blocking(max)? {
            let changes = changes(&rows);
            if !changes.is_empty() {
                return Ok(Some(changes));
            }
        }
        Ok(None)
    }
}

fn changes(rows: &[Row]) -> Vec<BlobChange> {
    rows.iter()
        .filter_map(Row::event)
        .filter_map(change)
        .collect()
}

fn change(event: &Event) -> Option<BlobChange> {
    let (id, info) = match BlobInfo::from_event(event) {
        // It comes with its collection.
        Some(info) if info.collection.is_some() => return None,
        Some(info) => (info.id, Some(info)),
        None => (BlobDeletion::of(event)?.id, None),
    };
    let key = event.key;
    Some(BlobChange { id, info, key })
}
