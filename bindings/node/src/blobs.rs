//! Blobs: calls answer at a port, bytes are looked at and taken.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use serde_json::Value;
use swarmlet::BlobInfo;
use swarmlet_facade::{Failure, Result};

use crate::failure::called;
use crate::options::{GivenPut, GivenRange, GivenRead, parsed};
use crate::port::{Outcome, Port};
use crate::records::{self, BlobStream};
use crate::stream::{as_flag, watch_at};
use crate::swarm::{Waiting, done};

/// The blobs of a node.
#[napi]
pub struct Blobs(swarmlet_facade::Blobs);

/// Takes bytes into a blob, from when its beginning was answered.
#[napi]
pub struct BlobWriter {
    token: i64,
    begun: Arc<OnceLock<swarmlet_facade::BlobWriter>>,
}

/// Hands out bytes of a blob.
#[napi]
pub struct BlobReader(swarmlet_facade::BlobReader);

/// A call that brings bytes, which are taken once it was answered.
#[napi]
pub struct Reading {
    token: i64,
    waiting: swarmlet_facade::Waiting,
    arrived: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Blobs {
    pub(crate) fn new(blobs: swarmlet_facade::Blobs) -> Self {
        Self(blobs)
    }
}

#[napi]
impl Blobs {
    /// Begins a blob of bytes that come chunk by chunk.
    #[napi]
    pub fn writer(&self, port: &Port, options: String) -> napi::Result<BlobWriter> {
        called("put", || {
            let given: GivenPut = parsed("put", &options)?;
            let options = given.into_options()?;
            let begun = Arc::new(OnceLock::new());
            let theirs = begun.clone();
            let (token, completion) = port.completion(move |writer| {
                // It is answered once.
                let _ = theirs.set(writer);
                Outcome::done(())
            });
            self.0.writer(options, completion);
            Ok(BlobWriter { token, begun })
        })
    }

    /// Stores the bytes of a file.
    #[napi]
    pub fn put_file(&self, port: &Port, path: String, options: String) -> napi::Result<Waiting> {
        called("put", || {
            let given: GivenPut = parsed("put", &options)?;
            let options = given.into_options()?;
            let (token, completion) = port.completion(stored);
            let waiting = self.0.put_file(PathBuf::from(path), options, completion);
            Ok(Waiting::new(token, waiting))
        })
    }

    /// Stores the files of a folder.
    #[napi]
    pub fn put_folder(&self, port: &Port, path: String, options: String) -> napi::Result<Waiting> {
        called("put_folder", || {
            let given: GivenPut = parsed("put_folder", &options)?;
            let options = given.into_options()?;
            let (token, completion) = port.completion(stored);
            let waiting = self.0.put_folder(PathBuf::from(path), options, completion);
            Ok(Waiting::new(token, waiting))
        })
    }

    /// The files of a collection.
    #[napi]
    pub fn collection(&self, port: &Port, id: String) -> Waiting {
        let listed = |files: Vec<_>| told(&records::collection(&files));
        let (token, completion) = port.completion(listed);
        Waiting::new(token, self.0.collection(&id, None, completion))
    }

    /// Writes the files of a collection below a folder.
    #[napi]
    pub fn save_folder(&self, port: &Port, id: String, path: String) -> Waiting {
        let (token, completion) = port.completion(|saved| told(&records::saved_folder(&saved)));
        let saved = self
            .0
            .save_folder(&id, PathBuf::from(path), None, completion);
        Waiting::new(token, saved)
    }

    /// Bytes of a blob to read.
    #[napi]
    pub fn get(&self, id: String, range: String) -> napi::Result<BlobReader> {
        called("get", || {
            let range: GivenRange = parsed("get", &range)?;
            let (start, end) = range.into_bounds();
            Ok(BlobReader(self.0.get(&id, start, end)?))
        })
    }

    /// How much of a blob is here.
    #[napi]
    pub fn state(&self, port: &Port, id: String) -> i64 {
        let (token, completion) = port.completion(|state| told(&records::state(&state)));
        self.0.state(id, completion);
        token
    }

    /// How much of a blob is here, now and each time that changes.
    #[napi]
    pub fn watch(&self, id: String) -> napi::Result<BlobStream> {
        called("watch", || {
            Ok(BlobStream::new(self.0.watch(&id)?, records::state))
        })
    }

    /// The records that are here.
    #[napi]
    pub fn list(&self) -> napi::Result<BlobStream> {
        called("list", || {
            Ok(BlobStream::new(self.0.list()?, records::info))
        })
    }

    /// The records that are here, and those that come; and which were taken back.
    #[napi]
    pub fn changes(&self) -> napi::Result<BlobStream> {
        called("changes", || {
            Ok(BlobStream::new(self.0.changes()?, records::change))
        })
    }

    /// All that is known of a blob.
    #[napi]
    pub fn stat(&self, port: &Port, id: String) -> i64 {
        let (token, completion) = port.completion(|stat| told(&records::stat(&stat)));
        self.0.stat(id, completion);
        token
    }

    /// How much of this device blobs take.
    #[napi]
    pub fn usage(&self, port: &Port) -> i64 {
        let (token, completion) = port.completion(|usage| told(&records::usage(&usage)));
        self.0.usage(completion);
        token
    }

    /// Takes back the records of a blob.
    #[napi]
    pub fn delete(&self, port: &Port, id: String) -> i64 {
        let (token, completion) = port.completion(Outcome::plain);
        self.0.delete(id, completion);
        token
    }

    /// Keeps a blob on this device whatever records say.
    #[napi]
    pub fn pin(&self, port: &Port, id: String) -> i64 {
        done(port, |completion| self.0.pin(id, completion))
    }

    /// Takes that back.
    #[napi]
    pub fn unpin(&self, port: &Port, id: String) -> i64 {
        done(port, |completion| self.0.unpin(id, completion))
    }

    /// The blobs that are pinned on this device.
    #[napi]
    pub fn pinned(&self, port: &Port) -> i64 {
        let (token, completion) = port.completion(|ids: Vec<_>| told(&records::ids(&ids)));
        self.0.pinned(completion);
        token
    }
}

#[napi]
impl BlobWriter {
    /// Under which its beginning is answered.
    #[napi(getter)]
    pub fn token(&self) -> i64 {
        self.token
    }

    /// Adds bytes in memory; true once they are to be flushed.
    #[napi]
    pub fn write(&self, chunk: &[u8]) -> napi::Result<bool> {
        called("put", || self.begun()?.write(chunk))
    }

    /// Writes what was added.
    #[napi]
    pub fn flush(&self, port: &Port) -> napi::Result<i64> {
        called("put", || {
            let writer = self.begun()?;
            Ok(done(port, |completion| writer.flush(completion)))
        })
    }

    /// Keeps the blob and publishes its record.
    #[napi]
    pub fn finish(&self, port: &Port) -> napi::Result<i64> {
        called("put", || {
            let writer = self.begun()?;
            let (token, completion) = port.completion(stored);
            writer.finish(completion);
            Ok(token)
        })
    }

    /// Gives the blob up, unless it is finished.
    #[napi]
    pub fn cancel(&self) {
        if let Some(writer) = self.begun.get() {
            writer.cancel();
        }
    }
}

impl BlobWriter {
    fn begun(&self) -> Result<&swarmlet_facade::BlobWriter> {
        let missing = || Failure::invalid("put", "the blob was not begun yet");
        self.begun.get().ok_or_else(missing)
    }
}

#[napi]
impl BlobReader {
    /// The id of the blob.
    #[napi(getter)]
    pub fn id(&self) -> napi::Result<String> {
        called("get", || Ok(self.0.id()?.to_string()))
    }

    /// True: there is something; false: there will be none any more; null: nothing yet.
    #[napi]
    pub fn look(&self) -> napi::Result<Option<bool>> {
        called("look", || Ok(as_flag(self.0.pieces().look()?)))
    }

    /// The next bytes if they are there.
    #[napi]
    pub fn take(&self) -> napi::Result<Option<Uint8Array>> {
        called("take", || {
            let taken = self.0.pieces().take_one()?;
            Ok(taken.map(|piece| Uint8Array::new(Vec::from(piece.bytes))))
        })
    }

    /// Answers at `port` when a look shows something.
    #[napi]
    pub fn watch(&self, port: &Port) -> napi::Result<i64> {
        called("ready", || watch_at(self.0.pieces(), port))
    }

    /// Ends it.
    #[napi]
    pub fn cancel(&self) -> napi::Result<()> {
        called("cancel", || self.0.pieces().cancel())
    }

    /// All the bytes that were not taken yet; they are taken with `finish`.
    #[napi]
    pub fn read(&self, port: &Port, bound: String) -> napi::Result<Reading> {
        called("read", || {
            let bound: GivenRead = parsed("read", &bound)?;
            let arrived = Arc::new(Mutex::default());
            let theirs = arrived.clone();
            let (token, completion) = port.completion(move |bytes| {
                *theirs.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
                Outcome::done(())
            });
            let waiting = self.0.read(bound.into_bytes_max(), None, completion);
            Ok(Reading {
                token,
                waiting,
                arrived,
            })
        })
    }

    /// Writes all the bytes that were not taken yet to a file; they are taken with `finish`.
    #[napi]
    pub fn save(&self, port: &Port, path: String) -> Waiting {
        let (token, completion) = port.completion(Outcome::done);
        let waiting = self.0.save(PathBuf::from(path), None, completion);
        Waiting::new(token, waiting)
    }

    /// All was taken.
    #[napi]
    pub fn finish(&self) -> napi::Result<()> {
        called("read", || self.0.finish())
    }

    /// How much of the blob is here.
    #[napi]
    pub fn progress(&self, port: &Port) -> i64 {
        let (token, completion) = port.completion(|far| told(&records::progress(&far)));
        self.0.progress(completion);
        token
    }
}

#[napi]
impl Reading {
    /// Under which it is answered.
    #[napi(getter)]
    pub fn token(&self) -> i64 {
        self.token
    }

    /// The bytes, once.
    #[napi]
    pub fn take(&self) -> Option<Uint8Array> {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        arrived.take().map(Uint8Array::new)
    }

    /// Nobody waits for it any more.
    #[napi]
    pub fn cancel(&self) {
        self.waiting.cancel();
    }
}

fn stored(info: BlobInfo) -> Outcome {
    told(&records::info(&info))
}

fn told(value: &Value) -> Outcome {
    Outcome::plain(value)
}
