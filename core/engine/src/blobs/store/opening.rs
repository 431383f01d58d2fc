//! Opening: what is there, and what a crash left of what it interrupted.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use super::names::{Named, Pair, parse};
use super::pack::{Packs, temporary_number_of};
use crate::blobs::BlobId;
use crate::error::{Error, Result};
use crate::storage::{Disk, FileName, Folder};

/// The files of blobs, in the order of their names; others are left out.
pub(super) fn files(disk: &dyn Disk) -> Result<Vec<(FileName, Named)>> {
    let listed = disk.list(Folder::Blobs);
    let listed = listed.map_err(|error| Error::io("cannot list the blobs", error))?;
    let named = |name: FileName| parse(&name).map(|named| (name, named));
    Ok(listed.into_iter().filter_map(named).collect())
}

/// Opens the packs among these files; new ones become so large.
pub(super) fn open_packs(
    disk: &Arc<dyn Disk>,
    listed: &[(FileName, Named)],
    bytes_max: u64,
) -> Packs {
    let number = |(_, named): &(FileName, Named)| match named {
        Named::Pack(number) => Some(*number),
        _ => None,
    };
    let numbers: BTreeSet<u64> = listed.iter().filter_map(number).collect();
    let begun = listed
        .iter()
        .filter_map(|(name, _)| temporary_number_of(name.name()));
    let last = begun.chain(numbers.last().copied()).max();
    let next = last.map_or(1, |last| last.saturating_add(1));
    Packs::open(disk.clone(), &numbers, next, bytes_max)
}

/// Ends what was interrupted, and removes what was left over. What cannot be done is found again
/// next time.
pub(super) fn put_right(disk: &dyn Disk, listed: &[(FileName, Named)], packs: &Packs) {
    let known: BTreeSet<Named> = listed.iter().map(|(_, named)| *named).collect();
    let has = |named| known.contains(&named);
    let has_whole = |id| has(Named::Whole(id)) || packs.is_sure(id);
    for (name, named) in listed {
        let _ = match *named {
            // The content was to follow its hashes, and did not.
            Named::WholeHashes(id) if !has(Named::Whole(id)) && has(Named::Part(id)) => {
                disk.rename(name, &Pair::part(id).hashes)
            }
            Named::PartHashes(id) if !has(Named::Part(id)) && !has(Named::WholeHashes(id)) => {
                rejoin_or_remove(disk, name, id, has(Named::Whole(id)))
            }
            Named::WholeHashes(id) if !has(Named::Whole(id)) => disk.remove(name),
            // What is whole needs neither a part nor a file of the user.
            Named::Part(id) | Named::PartHashes(id) | Named::Reference(id) if has_whole(id) => {
                disk.remove(name)
            }
            Named::ReferenceHashes(id) if has_whole(id) || !has(Named::Reference(id)) => {
                disk.remove(name)
            }
            Named::Doubt(id) if has_whole(id) || !has(Named::Part(id)) => disk.remove(name),
            Named::Temporary => disk.remove(name),
            _ => Ok(()),
        };
    }
}

/// The hashes of a part that is not there: those of the whole blob, if that has none.
fn rejoin_or_remove(
    disk: &dyn Disk,
    name: &FileName,
    id: BlobId,
    is_whole: bool,
) -> io::Result<()> {
    match is_whole {
        true => disk.rename(name, &Pair::whole(id).hashes),
        false => disk.remove(name),
    }
}
