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
    /// There until it is being finished, was given up, or has failed. Locked while the disk works.
    writer: Mutex<Option<swarmlet::BlobWriter>>,
    gathered: Mutex<Gathered>,
}

#[derive(Default)]
struct Gathered {
    /// What was not given to the writer yet.
    bytes: Vec<u8>,
    stage: Stage,
}

#[derive(Default)]
enum Stage {
    #[default]
    Open,
    Finished,
    GivenUp,
    Failed(Failure),
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
        gathered.check_open()?;
        let gathered = &mut gathered.bytes;
        if gathered.len() >= GATHERED_BYTES_MAX {
            let message = "more bytes are added to a blob than are written";
            return Err(Failure::new(ErrorKind::Overloaded, "put", message));
        }
        gathered.extend_from_slice(bytes);
        Ok(gathered.len() >= FLUSH_BYTES)
    }

    /// Writes what was added to the disk.
    pub fn flush(&self, completion: Completion<()>) {
        self.act(|_| {}, completion, Sink::flush);
    }

    /// Keeps the blob, durably, and publishes its record. From this call on nothing is added, and
    /// the blob is not finished again.
    pub fn finish(&self, completion: Completion<BlobInfo>) {
        let mark = |gathered: &mut Gathered| gathered.stage = Stage::Finished;
        self.act(mark, completion, Sink::finish);
    }

    /// Gives the blob up, unless it is being finished. Never waits; later calls change nothing.
    pub fn cancel(&self) {
        // In another process there is nothing to give up.
        if let Ok(writing) = self.0.value() {
            writing.give_up();
        }
    }

    /// Marks what is still open, then works on it off the thread of the caller.
    fn act<T: Send + 'static>(
        &self,
        mark: impl FnOnce(&mut Gathered),
        completion: Completion<T>,
        call: impl FnOnce(&Sink) -> Result<T> + Send + 'static,
    ) {
        let answer = Answer::new("put", completion);
        let marked = self.0.value().and_then(|writing| {
            let mut gathered = locked(&writing.sink.gathered);
            gathered.check_open()?;
            mark(&mut gathered);
            Ok(writing)
        });
        let writing = match marked {
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
        {
            let mut gathered = locked(&self.sink.gathered);
            if gathered.check_open().is_err() {
                return;
            }
            *gathered = Gathered {
                bytes: Vec::new(),
                stage: Stage::GivenUp,
            };
        }
        let sink = self.sink.clone();
        let removed = move || drop(locked(&sink.writer).take());
        self.lease.handle().spawn_blocking(removed);
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
        let mut gathered = locked(&self.gathered);
        gathered.check_kept()?;
        let Some(writer) = slot.as_mut() else {
            // Whoever is finishing it writes what is left.
            return Ok(());
        };
        let bytes = std::mem::take(&mut gathered.bytes);
        drop(gathered);
        let written = writer.write(&bytes).map_err(Failure::from);
        if let Err(failure) = &written {
            *slot = None;
            locked(&self.gathered).stage = Stage::Failed(failure.clone().during("put"));
        }
        written
    }

    fn finish(&self) -> Result<BlobInfo> {
        let mut slot = locked(&self.writer);
        let mut gathered = locked(&self.gathered);
        gathered.check_kept()?;
        let taken = slot.take();
        let mut writer = taken.expect("only whoever has marked it as finished takes it");
        let rest = std::mem::take(&mut gathered.bytes);
        drop((slot, gathered));
        writer.write(&rest)?;
        Ok(writer.finish_blocking()?)
    }
}

impl Gathered {
    /// It was neither given up, nor has it failed.
    fn check_kept(&self) -> Result<()> {
        match &self.stage {
            Stage::Open | Stage::Finished => Ok(()),
            Stage::GivenUp => Err(Failure::cancelled("put")),
            Stage::Failed(failure) => Err(failure.clone()),
        }
    }

    /// More can be added to it.
    fn check_open(&self) -> Result<()> {
        self.check_kept()?;
        match &self.stage {
            Stage::Finished => Err(Failure::invalid("put", "the blob was finished before")),
            _ => Ok(()),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes that are gathered before they are written: small chunks do not each cost a hand-over to
/// another thread.
const FLUSH_BYTES: usize = 256 * 1024;
/// Bytes beyond which nothing is added: somebody does not wait.
const GATHERED_BYTES_MAX: usize = 4 * FLUSH_BYTES;
