//! The door for users, fourth part: a collection whose files come one after the other.

use std::collections::BTreeSet;
use std::path::Path;

use swarmlet_engine::blobs::{BlobId, BlobRecord, Collection, CollectionFile, CollectionPath};
use swarmlet_engine::event::Content;
use swarmlet_engine::{Error, Result};

use super::claims::Standing;
use super::handle::Blobs;
use super::info::{BlobInfo, Checked, PutOptions};
use super::writer::{BlobWriter, FileCopy, Kept};
use crate::limits::BLOBS_KEPT_AT_ONCE;

/// A collection on its way in, file by file, of bytes from wherever they come. Dropping it leaves
/// nothing behind.
///
/// Its calls write to the disk and may wait for it.
#[derive(Debug)]
pub struct CollectionWriter {
    blobs: Blobs,
    options: Checked,
    collection: Collection,
    /// Small files that are complete: they share a sync.
    waiting: Vec<BlobWriter>,
    /// The files that are durable, kept until their records are there.
    kept: Vec<Kept>,
    /// The one that is being written.
    file: Option<(CollectionPath, BlobWriter)>,
}

impl CollectionWriter {
    pub(super) fn begin(blobs: Blobs, options: PutOptions) -> Result<Self> {
        blobs.check_open()?;
        Ok(Self {
            options: options.media_type(Collection::MEDIA_TYPE).check()?,
            blobs,
            collection: Collection::new(),
            waiting: Vec::new(),
            kept: Vec::new(),
            file: None,
        })
    }

    /// Whether the bytes of files are to stay where they are.
    pub(super) fn is_reference(&self) -> bool {
        self.options.is_reference
    }

    /// Ends the file before, and begins another one, which has no bytes yet.
    ///
    /// # Errors
    ///
    /// As [`CollectionWriter::write`]; `invalid_argument` if the file before cannot be beside the
    /// others, or there are too many.
    pub fn file(&mut self, path: CollectionPath) -> Result<()> {
        self.end_file()?;
        let writer = self.blobs.begin(self.options.clone())?;
        self.file = Some((path, writer));
        Ok(())
    }

    /// Adds bytes at the end of the file that was begun last.
    ///
    /// # Errors
    ///
    /// As [`BlobWriter::write`]; `invalid_argument` before the first file.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.file {
            Some((_, writer)) => writer.write(bytes),
            None => Err(Error::invalid("no file of the collection was begun")),
        }
    }

    /// Stores a file that is there, as [`Blobs::put_file`] does.
    pub(super) fn copy(&mut self, path: CollectionPath, file: &Path) -> Result<()> {
        let opened = FileCopy::open(file)?;
        let writer = self.blobs.begin(self.options.clone())?;
        let mut copy = FileCopy::new(opened, file, writer)?;
        while !copy.is_complete() {
            copy = copy.step()?;
        }
        self.keep(path, copy.into_writer())
    }

    /// Keeps all of it, durably, and publishes the records together; what this returns is what
    /// tells of the collection.
    ///
    /// # Errors
    ///
    /// As [`CollectionWriter::file`].
    pub fn finish_blocking(mut self) -> Result<BlobInfo> {
        let finished = self.finish();
        if finished.is_ok() {
            self.kept.clear();
        }
        finished.map_err(|error| error.during("put_folder"))
    }

    fn end_file(&mut self) -> Result<()> {
        match self.file.take() {
            Some((path, writer)) => self.keep(path, writer),
            None => Ok(()),
        }
    }

    /// Takes a complete file for one of the collection; a small one is durable with the next.
    fn keep(&mut self, path: CollectionPath, mut writer: BlobWriter) -> Result<()> {
        let (id, size) = writer.seal()?;
        self.collection.insert(path, CollectionFile { id, size })?;
        let is_small = writer.is_small();
        self.waiting.push(writer);
        match is_small && self.waiting.len() < BLOBS_KEPT_AT_ONCE {
            true => Ok(()),
            false => self.keep_waiting(),
        }
    }

    fn keep_waiting(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        self.kept.extend(BlobWriter::keep_all(waiting)?);
        Ok(())
    }

    fn finish(&mut self) -> Result<BlobInfo> {
        self.end_file()?;
        let mut writer = self.blobs.writer(PutOptions::new())?;
        writer.write(&self.collection.encode())?;
        self.waiting.push(writer);
        self.keep_waiting()?;
        let listed = self.kept.pop().expect("it was just kept");
        let (id, list) = (listed.id(), record(&listed, &self.options, None));
        self.kept.push(listed);
        let files = self.kept.iter().filter(|file| file.id() != id);
        let mut contents = Vec::new();
        let mut recorded = BTreeSet::new();
        for file in files.filter(|file| recorded.insert(file.id())) {
            let of_collection = record(file, &self.options, Some(id));
            contents.push(content(&of_collection, &self.options)?);
        }
        contents.push(content(&list, &self.options)?);
        let event = self.blobs.publish_all(contents)?;
        self.kept.iter().for_each(Kept::note_gained);
        BlobInfo::of_own(&event)
    }
}

impl Drop for CollectionWriter {
    fn drop(&mut self) {
        // Without its lease a file can go.
        let ids: Vec<BlobId> = self.kept.drain(..).map(|file| file.id()).collect();
        if self.blobs.check_open().is_err() {
            // The folder may be another node's by now.
            return;
        }
        for id in ids {
            // What cannot be removed now is as what a crash leaves: it gives way first.
            let is_unknown = |standing| standing == Standing::Unknown;
            let _ = self.blobs.keeper().remove_if(id, is_unknown);
        }
    }
}

/// The record of the collection, or of a file in it.
fn record(blob: &Kept, options: &Checked, of: Option<BlobId>) -> BlobRecord {
    let is_file = of.is_some();
    BlobRecord {
        id: blob.id(),
        size: blob.size(),
        name: options.name.clone().filter(|_| !is_file),
        media_type: options.media_type.clone().filter(|_| !is_file),
        hold: options.hold.clone(),
        keep: match is_file {
            // With the collection.
            true => Default::default(),
            false => options.keep.clone(),
        },
        of,
    }
}

fn content(record: &BlobRecord, options: &Checked) -> Result<Content> {
    Ok(Content::new(
        &record.tags(&options.tags)?,
        &record.payload()?,
    ))
}
