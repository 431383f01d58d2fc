//! The bytes of a blob: piece by piece, into memory, or into a file.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use swarmlet_facade::{Piece, Pieces, Result, Stream};

use crate::blob::{BlobProgress, progress};
use crate::cursor::DropCallback;
use crate::failure::{entry, entry_with, given, place, quiet, remember};
use crate::feed::{Buffered, Fed, Feed, Pulled};
use crate::listening::{Heard, Listener};
use crate::status::Status;
use crate::text::{Bytes, Text, missing};
use crate::users::User;
use crate::waiting::{limit, wait_for, wait_for_others};

/// Hands out the bytes of a blob, each checked against its id, to one user at a time. Bytes that
/// are not here are fetched from whoever has them, those that are waited for before others; while
/// nobody who can be reached has them, this waits. No more than a mebibyte is read ahead. A wait
/// that was given up has taken nothing, and what came is kept.
pub struct BlobReader {
    feed: Arc<Feed<swarmlet_facade::BlobReader>>,
    /// What was handed out last, to which C may still point.
    shown: Mutex<Option<Piece>>,
}

/// Is told of bytes (`SWARMLET_STATUS_OK`), which are gone after the callback returns, and in the
/// end once of `SWARMLET_STATUS_END` or an error, then without bytes. Called on the one thread of
/// the library, under no lock; it may call everything, also `swarmlet_blob_reader_cancel` and
/// `swarmlet_blob_reader_free` of its own reader.
pub type BlobPieceCallback = Option<extern "C" fn(user: *mut c_void, status: Status, piece: Bytes)>;

impl BlobReader {
    /// Hands a reader to C, which frees it.
    pub(crate) fn give(reader: swarmlet_facade::BlobReader) -> *mut Self {
        Box::into_raw(Box::new(Self {
            feed: Feed::new(reader),
            shown: Mutex::default(),
        }))
    }

    /// Keeps a piece until the next one.
    fn show(&self, piece: Piece) -> Bytes {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        Bytes::of(&shown.insert(piece).bytes)
    }
}

impl Fed for swarmlet_facade::BlobReader {
    type Buffer = <Pieces as Buffered>::Buffer;
    type Taken = Piece;

    fn stream(&self) -> &Stream<Self::Buffer> {
        self.pieces()
    }

    fn take(&self, _: usize) -> Result<Option<Piece>> {
        self.pieces().take_one()
    }
}

/// The next bytes, at most 64 KiB and never none, and waits for them at most `timeout_ms`, as
/// `swarmlet_cursor_next` does, and with the same answers. They belong to the reader: they are
/// there until this is called for it again, or until it is freed.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_reader_next(
    reader: Option<&BlobReader>,
    timeout_ms: i64,
    out: Option<&mut MaybeUninit<Bytes>>,
) -> Status {
    entry_with("get", || {
        let out = place(out, "out")?;
        out.write(Bytes::NONE);
        let reader = given(reader, "reader")?;
        Ok(match reader.feed.pull(1, limit(timeout_ms))? {
            Pulled::Taken(piece) => {
                out.write(reader.show(piece));
                Status::Ok
            }
            Pulled::Ended => Status::End,
            Pulled::Nothing => Status::Timeout,
        })
    })
}

/// A descriptor that can be read while there are bytes, as `swarmlet_cursor_fd`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_reader_fd(
    reader: Option<&BlobReader>,
    out: Option<&mut MaybeUninit<c_int>>,
) -> Status {
    entry("get", || {
        let (reader, out) = (given(reader, "reader")?, place(out, "out")?);
        out.write(reader.feed.descriptor()?);
        Ok(())
    })
}

/// Has a callback called with all bytes, piece by piece, as `swarmlet_cursor_on_batch`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_reader_on_piece(
    reader: Option<&BlobReader>,
    callback: BlobPieceCallback,
    user: *mut c_void,
    drop: DropCallback,
) -> Status {
    entry("get", || {
        let reader = given(reader, "reader")?;
        let callback = callback.ok_or_else(|| missing("callback"))?;
        reader.feed.listen(|| {
            let user = User::new(user, drop);
            Listener {
                max: 1,
                hear: Box::new(move |heard| tell(callback, &user, heard)),
            }
        })
    })
}

fn tell(callback: extern "C" fn(*mut c_void, Status, Bytes), user: &User, heard: Heard<Piece>) {
    let user = user.pointer();
    match heard {
        Heard::Taken(piece) => callback(user, Status::Ok, Bytes::of(&piece.bytes)),
        Heard::Ended => callback(user, Status::End, Bytes::NONE),
        Heard::Failed(failure) => {
            let status = remember("get", failure);
            callback(user, status, Bytes::NONE);
        }
    }
}

/// Reads all the bytes that are left into `buffer`, which has room for `size` of them, and waits
/// for them at most `timeout_ms`, without limit below 0. `out` says how many they were. If that
/// takes longer, fails, or is more than there is room for, which is
/// `SWARMLET_STATUS_INVALID_ARGUMENT`, nothing was taken: repeated, it reads all of them.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_reader_read(
    reader: Option<&BlobReader>,
    buffer: *mut u8,
    size: usize,
    timeout_ms: i64,
    out: Option<&mut MaybeUninit<usize>>,
) -> Status {
    entry("read", || {
        let (reader, out) = (given(reader, "reader")?, place(out, "out")?);
        if buffer.is_null() && size > 0 {
            return Err(missing("buffer"));
        }
        let reader = &reader.feed.source;
        let read = |completion| reader.read(size, limit(timeout_ms), completion);
        let bytes = wait_for_others(read)?;
        if !bytes.is_empty() {
            // SAFETY: those are no more than `size`, for which the caller has room.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, bytes.len()) };
        }
        out.write(bytes.len());
        reader.finish()
    })
}

/// Writes all the bytes that are left to a file, and waits for them at most `timeout_ms`, without
/// limit below 0. The file appears under its name when all of it is there and synced; one that was
/// there is replaced. If it takes longer, or fails, nothing was taken, and nothing is left behind
/// soon after, unless the file was just getting its name.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_reader_save(
    reader: Option<&BlobReader>,
    path: Text,
    timeout_ms: i64,
) -> Status {
    entry("save", || {
        let reader = &given(reader, "reader")?.feed.source;
        // SAFETY: the rules of the header hold for texts.
        let path = PathBuf::from(unsafe { path.read("path")? });
        let save = |completion| reader.save(path, limit(timeout_ms), completion);
        wait_for_others(save)?;
        reader.finish()
    })
}

/// How much of the blob is on this device.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_reader_progress(
    reader: Option<&BlobReader>,
    out: Option<&mut MaybeUninit<BlobProgress>>,
) -> Status {
    entry("progress", || {
        let (reader, out) = (given(reader, "reader")?, place(out, "out")?);
        let far = wait_for(|completion| reader.feed.source.progress(completion))?;
        out.write(progress(&far));
        Ok(())
    })
}

/// Ends the reader for everybody who waits for it, and gives up what is not here yet: reading and
/// saving end with `SWARMLET_STATUS_CANCELLED`. Never waits; any thread may call it. Fine to call
/// twice.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_reader_cancel(reader: Option<&BlobReader>) -> Status {
    entry("get", || given(reader, "reader")?.feed.stream().cancel())
}

/// Cancels the reader and frees it, as `swarmlet_cursor_free`. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_reader_free(reader: Option<Box<BlobReader>>) {
    quiet((), || {
        if let Some(reader) = reader {
            reader.feed.close();
        }
    });
}
