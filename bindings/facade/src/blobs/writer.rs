//! Bytes on their way into a blob, chunk by chunk.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use swarmlet::{BlobInfo, ErrorKind};

use crate::completion::{Answer, Completion};
use crate::failure::{Failure, Result};
use crate::fork::OwnProcess;
use crate::guard::guarded;
use crate::runtime::Lease;

/// Takes bytes of a length that nobody need know before. Unless it is finished, dropping it leaves
/// nothing behind.
pub struct BlobWriter(OwnProcess<Writing>);

struct Writing {
    sink: Arc<Sink>,
    lease: Arc<Lease>,
}

/// Whoever has to lock both locks the writer first, so that bytes stay in their order.
struct Sink {
    /// There until it is finished, given up, or has failed.
    writer: Mutex<Option<swarmlet::BlobWriter>>,
    /// What was not given to it yet.
    gathered: Mutex<Vec<u8>>,
}

impl BlobWriter {
    pub(super) fn new(writer: swarmlet::BlobWriter, lease: Arc<Lease>) -> Self {
        let sink = Arc::new(Sink {
            writer: Mutex::new(Some(writer)),
            gathered: Mutex::default(),
        });
        Self(OwnProcess::new(Writing { sink, lease }))
    }

    /// Adds bytes at the end, in memory. Never waits. Once it says `true`, call
    /// [`BlobWriter::flush`] and wait for it before more is added.
    pub fn write(&self, bytes: &[u8]) -> Result<bool> {
        let mut gathered = locked(&self.0.value()?.sink.gathered);
        if gathered.len() >= GATHERED_BYTES_MAX {
            let message = "more bytes are added to a blob than are written";
            return Err(Failure::new(ErrorKind::Overloaded, "put", message));
        }
        gathered.extend_from_slice(bytes);
        Ok(gathered.len() >= FLUSH_BYTES)
    }

    /// Writes what was added to the disk.
    pub fn flush(&self, completion: Completion<()>) {
        self.act(completion, Sink::flush);
    }

    /// Keeps the blob, durably, and publishes its record.
    pub fn finish(&self, completion: Completion<BlobInfo>) {
        self.act(completion, Sink::finish);
    }

    /// Gives the blob up, unless it is being finished. Never waits; later calls change nothing.
    pub fn cancel(&self) {
        // In another process there is nothing to give up.
        if let Ok(writing) = self.0.value() {
            writing.give_up();
        }
    }

    fn act<T: Send + 'static>(
        &self,
        completion: Completion<T>,
        call: impl FnOnce(&Sink) -> Result<T> + Send + 'static,
    ) {
        let answer = Answer::new("put", completion);
        let writing = match self.0.value() {
            Ok(writing) => writing,
            Err(failure) => return answer.give(Err(failure)),
        };
        let sink = writing.sink.clone();
        writing.lease.handle().spawn_blocking(move || {
            answer.give(guarded("put", || call(&sink)));
        });
    }
}

impl Writing {
    /// What was written is removed on a thread that may wait for the disk.
    fn give_up(&self) {
        let is_over = self.sink.writer.try_lock().is_ok_and(|slot| slot.is_none());
        if !is_over {
            let sink = self.sink.clone();
            self.lease
                .handle()
                .spawn_blocking(move || drop(locked(&sink.writer).take()));
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl Sink {
    fn flush(&self) -> Result<()> {
        let mut slot = locked(&self.writer);
        let writer = slot.as_mut().ok_or_else(given_up)?;
        let bytes = std::mem::take(&mut *locked(&self.gathered));
        let written = writer.write(&bytes);
        if written.is_err() {
            *slot = None;
        }
        Ok(written?)
    }

    fn finish(&self) -> Result<BlobInfo> {
        self.flush()?;
        let writer = locked(&self.writer).take().ok_or_else(given_up)?;
        Ok(writer.finish_blocking()?)
    }
}

fn given_up() -> Failure {
    Failure::cancelled("put")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes that are gathered before they are written: small chunks do not each cost a hand-over to
/// another thread.
const FLUSH_BYTES: usize = 256 * 1024;
/// Bytes beyond which nothing is added: somebody does not wait.
const GATHERED_BYTES_MAX: usize = 4 * FLUSH_BYTES;
