//! The bytes of a pack: a header, then entries, each where the one before it ends.
//!
//! Entries begin at multiples of 64 bytes, so none of their heads lies in two sectors, and behind a
//! damaged one the next is found without looking at every byte.

use crate::blobs::BlobId;
use crate::blobs::limits::{PACK_BYTES_MAX, PACKED_BYTES_MAX};
use crate::error::{Error, ErrorKind, Result};
use crate::event::codec::checksum;
use crate::storage::{FileName, Folder};

/// Where the first entry begins.
pub(super) const HEADER_BYTES: u64 = 64;

/// Where in the header it is noted where the pack ends.
pub(super) const END_AT: u64 = 24;

/// Bytes before those of the blob.
pub(super) const HEAD_BYTES: u64 = 36;

/// What positions of entries are multiples of.
pub(super) const ALIGNMENT: u64 = 64;

/// The first byte of an entry whose blob was removed, or is kept elsewhere.
pub(super) const REMOVED: u8 = 2;

/// What the head of an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) id: BlobId,
    pub(super) len: u16,
    pub(super) is_removed: bool,
}

/// The header of a pack that may still grow.
pub(super) fn encode_header() -> [u8; HEADER_BYTES as usize] {
    let mut bytes = [0; HEADER_BYTES as usize];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    let sum = checksum(&[&bytes[..16]]);
    bytes[16..24].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// What is written at [`END_AT`] when a pack ends. Were only a part of it written, it would say
/// nothing.
pub(super) fn encode_end(end: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    let end = end.to_le_bytes();
    bytes[..8].copy_from_slice(&end);
    bytes[8..].copy_from_slice(&checksum(&[&end]).to_le_bytes());
    bytes
}

/// Where a pack ends, if that is noted.
pub(super) fn decode_header(bytes: &[u8]) -> Result<Option<u64>> {
    let damaged = || Error::corrupt("the header of a pack of blobs is damaged");
    let number = |at: usize| -> Result<u64> {
        let field = bytes.get(at..).and_then(<[u8]>::first_chunk);
        Ok(u64::from_le_bytes(*field.ok_or_else(damaged)?))
    };
    let sum = number(16)?;
    if !bytes.starts_with(MAGIC) || checksum(&[&bytes[..16]]) != sum {
        return Err(damaged());
    }
    let version = number(8)?;
    if version != u64::from(VERSION) {
        let message = "a pack of blobs is of a version that this release cannot read";
        return Err(Error::new(ErrorKind::Incompatible, message).with("version", version));
    }
    let end = number(END_AT as usize)?;
    let is_noted = checksum(&[&end.to_le_bytes()]) == number(END_AT as usize + 8)?;
    let is_end = is_noted && (HEADER_BYTES..=PACK_BYTES_MAX).contains(&end);
    Ok(is_end.then_some(end))
}

/// Appends the entry of a blob.
pub(super) fn encode_entry(id: BlobId, content: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let len = u16::try_from(content.len()).expect("only small blobs are packed");
    out.extend_from_slice(&[THERE, 0]);
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(content);
    out.resize(start + entry_bytes(len) as usize, 0);
}

/// The first bytes of an entry; `None` if there cannot be one that begins so.
pub(super) fn decode_head(bytes: &[u8]) -> Option<Head> {
    let (kind, rest) = bytes.split_at_checked(2)?;
    let (len, rest) = rest.split_first_chunk()?;
    let (id, _) = rest.split_first_chunk()?;
    let len = u16::from_le_bytes(*len);
    let is_removed = match kind {
        [THERE, 0] => false,
        [REMOVED, 0] => true,
        _ => return None,
    };
    (u64::from(len) <= PACKED_BYTES_MAX).then_some(Head {
        id: BlobId::from_bytes(*id),
        len,
        is_removed,
    })
}

/// Bytes that the entry of a blob of this length takes.
pub(super) const fn entry_bytes(len: u16) -> u64 {
    (HEAD_BYTES + len as u64).next_multiple_of(ALIGNMENT)
}

/// The name of a pack.
pub(super) fn name_of(number: u64) -> FileName {
    named(format!("{number:016x}{PACK}"))
}

/// Its name until it is durable that there is one.
pub(super) fn temporary_name_of(number: u64) -> FileName {
    named(format!("{TEMPORARY_HEAD}{number:016x}{TEMPORARY}"))
}

/// The number of the pack with this name.
pub(in super::super) fn number_of(name: &str) -> Option<u64> {
    parse(name.strip_suffix(PACK)?)
}

/// The number of the pack that was about to get a name.
pub(in super::super) fn temporary_number_of(name: &str) -> Option<u64> {
    let number = name.strip_prefix(TEMPORARY_HEAD)?;
    parse(number.strip_suffix(TEMPORARY)?)
}

fn parse(number: &str) -> Option<u64> {
    let is_plain = number.len() == 16 && number.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_plain.then(|| u64::from_str_radix(number, 16).ok())?
}

fn named(text: String) -> FileName {
    FileName::new(Folder::Blobs, text).expect("hex digits and suffixes are legal")
}

const MAGIC: &[u8; 8] = b"SWRMPACK";
const VERSION: u32 = 1;
const THERE: u8 = 1;
const PACK: &str = ".pack";
const TEMPORARY_HEAD: &str = "import-pack-";
const TEMPORARY: &str = ".tmp";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_they_were_written() {
        for len in [0, 1, 28, 29, 10_240, 16_384] {
            let content = vec![7; len];
            let id = BlobId::of(&content);
            let mut bytes = Vec::new();
            encode_entry(id, &content, &mut bytes);
            let head = decode_head(&bytes).unwrap();
            assert_eq!((head.id, usize::from(head.len)), (id, len));
            assert!(!head.is_removed);
            assert_eq!(bytes.len() as u64, entry_bytes(head.len));
            assert_eq!(bytes.len() as u64 % ALIGNMENT, 0);
            assert_eq!(bytes[HEAD_BYTES as usize..][..len], content);
            bytes[0] = REMOVED;
            assert!(decode_head(&bytes).unwrap().is_removed);
        }
    }

    #[test]
    fn what_is_no_head_is_none() {
        let mut bytes = Vec::new();
        encode_entry(BlobId::of(b"x"), b"x", &mut bytes);
        assert_eq!(decode_head(&bytes[..35]), None);
        assert!(decode_head(&bytes[..36]).is_some());
        for (at, value) in [(0, 0), (0, 3), (1, 1), (3, 0x41)] {
            let mut wrong = bytes.clone();
            wrong[at] = value;
            assert_eq!(decode_head(&wrong), None, "byte {at}");
        }
        assert_eq!(decode_head(&[0; 64]), None);
    }

    #[test]
    fn a_header_says_where_the_pack_ends() {
        let header = encode_header();
        assert_eq!(decode_header(&header).unwrap(), None);
        let mut ended = header;
        for (at, byte) in (END_AT as usize..).zip(encode_end(128)) {
            assert_eq!(decode_header(&ended).unwrap(), None, "a part of it");
            ended[at] = byte;
        }
        assert_eq!(decode_header(&ended).unwrap(), Some(128));
        assert!(decode_header(&ended[..39]).is_err());
        for at in 0..40 {
            let mut wrong = ended;
            wrong[at] ^= 1;
            match decode_header(&wrong) {
                Ok(end) => assert!(at >= 24 && end.is_none(), "byte {at}"),
                Err(error) => assert!(at < 24 && error.kind() == ErrorKind::Corrupt),
            }
        }
        let mut later = ended;
        later[8] = 2;
        let sum = checksum(&[&later[..16]]);
        later[16..24].copy_from_slice(&sum.to_le_bytes());
        let error = decode_header(&later).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Incompatible);
    }

    #[test]
    fn names_tell_the_number() {
        assert_eq!(number_of(name_of(77).name()), Some(77));
        assert_eq!(temporary_number_of(temporary_name_of(77).name()), Some(77));
        for name in [
            "1.pack",
            "+000000000000001.pack",
            "000000000000000g.pack",
            "x",
        ] {
            assert_eq!(number_of(name), None);
        }
    }
}
