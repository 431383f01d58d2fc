//! What records and deletions say of blobs, one after the other.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use swarmlet_facade::{BlobInfos, BlobSayings, Result, Stream};

use crate::blob::{BlobBatch, Said, give_batch, swarmlet_blob_batch_free};
use crate::cursor::{DropCallback, check_max};
use crate::failure::{entry, entry_with, given, place, quiet, remember};
use crate::feed::{Buffered, Fed, Feed, Pulled};
use crate::listening::{Heard, Listener};
use crate::status::Status;
use crate::text::missing;
use crate::users::User;
use crate::waiting::limit;

/// What is said of blobs, read ahead into a bounded buffer: a list, which ends, or changes, which
/// go on.
pub struct BlobRecords(Box<dyn Source>);

/// Is told of what was said (`SWARMLET_STATUS_OK`), and in the end once of `SWARMLET_STATUS_END` or
/// an error, then with a batch that is NULL. The batch is freed after the callback returns. Called
/// on the one thread of the library, under no lock; it may call everything, also
/// `swarmlet_blob_records_cancel` and `swarmlet_blob_records_free` of its own records.
pub type BlobBatchCallback =
    Option<extern "C" fn(user: *mut c_void, status: Status, batch: *const BlobBatch)>;

/// A feed, whether of a list or of changes.
trait Source: Send + Sync {
    fn pull(&self, max: usize, limit: Option<Duration>) -> Result<Pulled<Vec<Said>>>;
    fn descriptor(&self) -> Result<RawFd>;
    fn listen(&self, listener: &mut dyn FnMut() -> Listener<Vec<Said>>) -> Result<()>;
    fn cancel(&self) -> Result<()>;
    fn close(self: Box<Self>);
}

impl<S: Fed<Taken = Vec<Said>>> Source for Arc<Feed<S>> {
    fn pull(&self, max: usize, limit: Option<Duration>) -> Result<Pulled<Vec<Said>>> {
        Feed::pull(self, max, limit)
    }

    fn descriptor(&self) -> Result<RawFd> {
        Feed::descriptor(self)
    }

    fn listen(&self, listener: &mut dyn FnMut() -> Listener<Vec<Said>>) -> Result<()> {
        Feed::listen(self, listener)
    }

    fn cancel(&self) -> Result<()> {
        self.stream().cancel()
    }

    fn close(self: Box<Self>) {
        Feed::close(*self);
    }
}

impl Fed for BlobInfos {
    type Buffer = <Self as Buffered>::Buffer;
    type Taken = Vec<Said>;

    fn stream(&self) -> &Stream<Self::Buffer> {
        self
    }

    fn take(&self, max: usize) -> Result<Option<Vec<Said>>> {
        let said = self.take(max)?.into_iter().map(|info| Said {
            id: info.id,
            key: info.key,
            info: Some(info),
        });
        Ok(some(said.collect()))
    }
}

impl Fed for BlobSayings {
    type Buffer = <Self as Buffered>::Buffer;
    type Taken = Vec<Said>;

    fn stream(&self) -> &Stream<Self::Buffer> {
        self
    }

    fn take(&self, max: usize) -> Result<Option<Vec<Said>>> {
        let said = self.take(max)?.into_iter().map(|change| Said {
            id: change.id,
            key: change.key,
            info: change.info,
        });
        Ok(some(said.collect()))
    }
}

fn some(said: Vec<Said>) -> Option<Vec<Said>> {
    (!said.is_empty()).then_some(said)
}

impl BlobRecords {
    /// Hands a list to C, which frees it.
    pub(crate) fn of_list(infos: BlobInfos) -> *mut Self {
        Self::give(Box::new(Feed::new(infos)))
    }

    /// Hands changes to C, which frees them.
    pub(crate) fn of_changes(changes: BlobSayings) -> *mut Self {
        Self::give(Box::new(Feed::new(changes)))
    }

    fn give(source: Box<dyn Source>) -> *mut Self {
        Box::into_raw(Box::new(Self(source)))
    }
}

/// Takes at most `max` of what was said and is there, and waits for some at most `timeout_ms`, as
/// `swarmlet_cursor_next` does, and with the same answers. Free it with
/// `swarmlet_blob_batch_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_records_next(
    records: Option<&BlobRecords>,
    max: usize,
    timeout_ms: i64,
    out: Option<&mut MaybeUninit<*mut BlobBatch>>,
) -> Status {
    entry_with("records", || {
        let out = place(out, "out")?;
        out.write(std::ptr::null_mut());
        check_max(max)?;
        let pulled = given(records, "records")?.0.pull(max, limit(timeout_ms))?;
        Ok(match pulled {
            Pulled::Taken(said) => {
                out.write(give_batch(&said));
                Status::Ok
            }
            Pulled::Ended => Status::End,
            Pulled::Nothing => Status::Timeout,
        })
    })
}

/// A descriptor that can be read while there is something, as `swarmlet_cursor_fd`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_records_fd(
    records: Option<&BlobRecords>,
    out: Option<&mut MaybeUninit<c_int>>,
) -> Status {
    entry("records", || {
        let (records, out) = (given(records, "records")?, place(out, "out")?);
        out.write(records.0.descriptor()?);
        Ok(())
    })
}

/// Has a callback called with at most `max` of what was said at once, as
/// `swarmlet_cursor_on_batch`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_records_on_batch(
    records: Option<&BlobRecords>,
    max: usize,
    callback: BlobBatchCallback,
    user: *mut c_void,
    drop: DropCallback,
) -> Status {
    entry("records", || {
        let records = given(records, "records")?;
        check_max(max)?;
        let callback = callback.ok_or_else(|| missing("callback"))?;
        records.0.listen(&mut || {
            let user = User::new(user, drop);
            Listener {
                max,
                hear: Box::new(move |heard| tell(callback, &user, heard)),
            }
        })
    })
}

fn tell(
    callback: extern "C" fn(*mut c_void, Status, *const BlobBatch),
    user: &User,
    heard: Heard<Vec<Said>>,
) {
    let user = user.pointer();
    match heard {
        Heard::Taken(said) => {
            let batch = give_batch(&said);
            callback(user, Status::Ok, batch);
            swarmlet_blob_batch_free(batch);
        }
        Heard::Ended => callback(user, Status::End, std::ptr::null()),
        Heard::Failed(failure) => {
            let status = remember("records", failure);
            callback(user, status, std::ptr::null());
        }
    }
}

/// Ends the records for everybody who waits for them. Never waits. Fine to call twice.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_records_cancel(records: Option<&BlobRecords>) -> Status {
    entry("records", || given(records, "records")?.0.cancel())
}

/// Cancels the records and frees them, as `swarmlet_cursor_free`. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_records_free(records: Option<Box<BlobRecords>>) {
    quiet((), || {
        if let Some(records) = records {
            records.0.close();
        }
    });
}
