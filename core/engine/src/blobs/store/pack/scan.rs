//! What is in a pack that is there: read once when the store is opened, and when it is tidied.
//!
//! Where a pack ends is noted when all before it is durable; then its entries are believed by their
//! heads, as any reader proves their bytes. Of others, and behind damage, each entry is proven: a
//! power failure may have left anything.

use std::io;

use super::format::{
    ALIGNMENT, HEAD_BYTES, HEADER_BYTES, Head, decode_head, decode_header, entry_bytes,
};
use super::index::Place;
use crate::blobs::BlobId;
use crate::blobs::limits::{PACK_BYTES_MAX, PACKED_BYTES_MAX};
use crate::error::{Error, Result};
use crate::storage::DiskFile;

/// The entries of a pack that count.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) entries: Vec<(BlobId, Place)>,
    /// Where the last entry ends, whether it counts or not.
    pub(super) end: u64,
    /// Whether it is known that all of it is durable.
    pub(super) is_complete: bool,
    /// The first thing that is wrong, if it was not left by a power failure.
    pub(super) fault: Option<Error>,
}

/// A walk from entry to entry.
struct Walk<'a> {
    file: &'a dyn DiskFile,
    /// Where no entry is any more.
    end: u64,
    /// Some bytes of the file, and where they begin.
    buffer: Vec<u8>,
    start: u64,
}

impl Scan {
    /// Reads pack `number`.
    ///
    /// # Errors
    ///
    /// `corrupt` if its header is damaged, `incompatible` for a later version, `storage`.
    pub(super) fn of(file: &dyn DiskFile, number: u64) -> Result<Self> {
        let failed = |error| Error::io("cannot read a pack of blobs", error);
        let len = file.len().map_err(failed)?;
        let mut header = [0; HEADER_BYTES as usize];
        let read = file.read_at(&mut header, 0).map_err(failed)?;
        let noted = decode_header(&header[..read])?;
        let cut_off = noted.filter(|end| *end > len);
        let mut walk = Walk {
            file,
            end: noted.unwrap_or(PACK_BYTES_MAX).min(len),
            buffer: Vec::new(),
            start: 0,
        };
        let mut scan = Self {
            entries: Vec::new(),
            end: HEADER_BYTES,
            is_complete: noted.is_some() && cut_off.is_none(),
            fault: cut_off.map(|end| {
                let lost = Error::corrupt("a pack of blobs lost its end");
                lost.with("bytes", len).with("expected", end)
            }),
        };
        if scan.is_complete
            && let Some(damaged) = scan.walk(&mut walk, true, number).map_err(failed)?
        {
            let fault = Error::corrupt("an entry of a pack of blobs is damaged");
            scan.fault = Some(fault.with("position", damaged));
            // Whatever lies before it may have been taken for longer than it is.
            scan.entries.clear();
        }
        if !scan.is_complete || scan.fault.is_some() {
            scan.walk(&mut walk, false, number).map_err(failed)?;
        }
        Ok(scan)
    }

    /// Finds the entries; those that are not to be believed are looked for behind whatever does not
    /// prove itself. Says where it had to stop otherwise.
    fn walk(
        &mut self,
        walk: &mut Walk<'_>,
        is_believed: bool,
        number: u64,
    ) -> io::Result<Option<u64>> {
        let mut at = HEADER_BYTES;
        while at < walk.end {
            let Some(head) = walk.entry(at, is_believed)? else {
                if is_believed {
                    return Ok(Some(at));
                }
                at += ALIGNMENT;
                continue;
            };
            if !head.is_removed {
                let place = Place {
                    pack: number,
                    at: u32::try_from(at).expect("a pack is not so large"),
                    len: head.len,
                };
                self.entries.push((head.id, place));
            }
            at += entry_bytes(head.len);
            self.end = at;
        }
        Ok(None)
    }
}

impl Walk<'_> {
    /// The entry that begins here; `None` if there is none, or it is to be proven and does not
    /// prove itself.
    fn entry(&mut self, at: u64, is_believed: bool) -> io::Result<Option<Head>> {
        let Some(head) = decode_head(self.bytes(at, HEAD_BYTES as usize)?) else {
            return Ok(None);
        };
        if at + HEAD_BYTES + u64::from(head.len) > self.end {
            return Ok(None);
        }
        if is_believed {
            return Ok(Some(head));
        }
        let content = self.bytes(at + HEAD_BYTES, usize::from(head.len))?;
        Ok((BlobId::of(content) == head.id).then_some(head))
    }

    /// So many bytes from here on, or less where the file ends.
    fn bytes(&mut self, at: u64, len: usize) -> io::Result<&[u8]> {
        let is_there = at >= self.start && at + len as u64 <= self.start + self.buffer.len() as u64;
        if !is_there {
            // The heads of many small entries with one read, and all of an entry with two.
            let count = len.max(READ_BYTES);
            self.buffer.resize(count, 0);
            let read = self.file.read_at(&mut self.buffer, at)?;
            self.buffer.truncate(read);
            self.start = at;
        }
        let from = ((at - self.start) as usize).min(self.buffer.len());
        let rest = &self.buffer[from..];
        Ok(&rest[..len.min(rest.len())])
    }
}

/// Bytes read at a time.
const READ_BYTES: usize = 4096;

const _: () = assert!(PACK_BYTES_MAX <= u32::MAX as u64 && PACKED_BYTES_MAX <= u16::MAX as u64);
