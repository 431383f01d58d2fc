//! Bytes on their way into a blob.

use std::mem::MaybeUninit;

use swarmlet_facade::Result;

use crate::blob::{BlobInfo, give_info};
use crate::failure::{entry, given, quiet};
use crate::status::Status;
use crate::text::Bytes;
use crate::waiting::wait_for;

/// Bytes handed over at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// Takes bytes of a length that nobody need know before into a blob, for one thread at a time.
pub struct BlobWriter(swarmlet_facade::BlobWriter);

impl BlobWriter {
    /// Hands a writer to C, which frees it.
    pub(crate) fn give(writer: swarmlet_facade::BlobWriter) -> *mut Self {
        Box::into_raw(Box::new(Self(writer)))
    }
}

/// Adds bytes at the end, and waits for the disk whenever so many have been added that it is due.
pub(crate) fn add(writer: &swarmlet_facade::BlobWriter, bytes: &[u8]) -> Result<()> {
    for chunk in bytes.chunks(CHUNK_BYTES) {
        if writer.write(chunk)? {
            wait_for(|completion| writer.flush(completion))?;
        }
    }
    Ok(())
}

/// Adds bytes at the end. It may wait for the disk.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_writer_write(writer: Option<&BlobWriter>, bytes: Bytes) -> Status {
    entry("put", || {
        let writer = given(writer, "writer")?;
        // SAFETY: the rules of the header hold for bytes.
        add(&writer.0, unsafe { bytes.read("bytes")? })
    })
}

/// Makes the blob of all that was added; both it and its record are durable when this returns.
/// After this nothing can be added, and only `swarmlet_blob_writer_free` is left to be called.
/// `out` may be NULL, else free what it gives with `swarmlet_blob_info_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_writer_finish(
    writer: Option<&BlobWriter>,
    out: Option<&mut MaybeUninit<*mut BlobInfo>>,
) -> Status {
    entry("put", || {
        let writer = given(writer, "writer")?;
        let stored = wait_for(|completion| writer.0.finish(completion))?;
        if let Some(out) = out {
            out.write(give_info(&stored));
        }
        Ok(())
    })
}

/// Frees a writer. NULL is fine. Unless it was finished nothing is left of what it was given.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_writer_free(writer: Option<Box<BlobWriter>>) {
    quiet((), || drop(writer));
}
