//! Folders, which are stored and fetched as collections.

use std::mem::MaybeUninit;
use std::path::PathBuf;

use crate::blob::{BlobInfo, Collection, SavedFolder, give_collection, give_info};
use crate::blobs::{GivenPut, blobs, put_options};
use crate::failure::{entry, place};
use crate::node::Node;
use crate::status::Status;
use crate::text::Text;
use crate::waiting::{limit, wait_for_others};

/// Stores the files of a folder, and of the folders in it, as a collection: a blob that lists them,
/// whose id stands for all of them. The files are held and kept with it, and `swarmlet_blobs_list`
/// leaves them out. Links, names that files cannot have everywhere, and more than 8192 files are
/// `SWARMLET_STATUS_INVALID_ARGUMENT`; nothing is published then. A media type in the options is
/// not used; the rest is as for `swarmlet_blobs_put`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_put_folder(
    node: Option<&Node>,
    path: Text,
    options: *const GivenPut,
    out: Option<&mut MaybeUninit<*mut BlobInfo>>,
) -> Status {
    entry("put_folder", || {
        let blobs = blobs(node)?;
        // SAFETY: the rules of the header hold for texts and options.
        let (path, options) = unsafe { (path.read("path")?, put_options(options)?) };
        let path = PathBuf::from(path);
        let stored = wait_for_others(|completion| blobs.put_folder(path, options, completion))?;
        if let Some(out) = out {
            out.write(give_info(&stored));
        }
        Ok(())
    })
}

/// The files of a collection, for which it waits at most `timeout_ms`, without limit below 0. The
/// collection is fetched if it is not here; its files are not. `SWARMLET_STATUS_CORRUPT` if the
/// blob is none. Free the answer with `swarmlet_collection_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_collection(
    node: Option<&Node>,
    id: Text,
    timeout_ms: i64,
    out: Option<&mut MaybeUninit<*mut Collection>>,
) -> Status {
    entry("collection", || {
        let (blobs, out) = (blobs(node)?, place(out, "out")?);
        // SAFETY: the rules of the header hold for texts.
        let id = unsafe { id.read("id")? };
        let limit = limit(timeout_ms);
        let files = wait_for_others(|completion| blobs.collection(id, limit, completion))?;
        out.write(give_collection(&files));
        Ok(())
    })
}

/// Writes the files of a collection below a folder, those that are missing there or have other
/// bytes, and waits for them at most `timeout_ms`, without limit below 0. Each appears when all of
/// it is there; what else is in the folder stays. If it takes longer, or fails, what was written
/// stays, and repeated it goes on. `out` may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blobs_save_folder(
    node: Option<&Node>,
    id: Text,
    path: Text,
    timeout_ms: i64,
    out: Option<&mut MaybeUninit<SavedFolder>>,
) -> Status {
    entry("save_folder", || {
        let blobs = blobs(node)?;
        // SAFETY: the rules of the header hold for texts.
        let (id, path) = unsafe { (id.read("id")?, path.read("path")?) };
        let (path, limit) = (PathBuf::from(path), limit(timeout_ms));
        let saved = wait_for_others(|completion| blobs.save_folder(id, path, limit, completion))?;
        if let Some(out) = out {
            out.write(SavedFolder {
                written: saved.written,
                unchanged: saved.unchanged,
            });
        }
        Ok(())
    })
}
