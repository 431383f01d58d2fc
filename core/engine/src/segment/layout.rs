//! The two ends of a segment file: the header that says what it is, the footer that says where
//! everything lies.
//!
//! Both keep their layout in every version, so that a later format is told apart from damage.

use super::SegmentName;
use super::frame::FrameRef;
use crate::error::{Error, ErrorKind, Result};
use crate::event::codec::{Malformed, Reader, checksum};

/// Encodes the header of the segment `name`.
pub(super) fn encode_header(name: SegmentName) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES);
    out.extend_from_slice(HEADER_MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&name.revision.to_le_bytes());
    out.extend_from_slice(&name.first.to_le_bytes());
    out.extend_from_slice(&name.last.to_le_bytes());
    seal(out)
}

/// Checks the header of the file that should be the segment `name`.
pub(super) fn check_header(bytes: &[u8; HEADER_BYTES], name: SegmentName) -> Result<()> {
    let mut reader = check_end(bytes, HEADER_MAGIC).map_err(|error| damaged(error, name))?;
    let parsed: Result<_, Malformed> = (|| {
        let (version, revision) = (reader.u32()?, reader.u32()?);
        let (first, last) = (reader.u64()?, reader.u64()?);
        Ok((
            version,
            SegmentName {
                first,
                last,
                revision,
            },
        ))
    })();
    let (version, found) = parsed.map_err(|error| damaged(error, name))?;
    check_version(version, name)?;
    if found != name {
        return Err(
            Error::corrupt("segment file has the name of another segment")
                .with("file", name.file_name())
                .with("found", found),
        );
    }
    Ok(())
}

/// What the footer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Footer {
    /// The frame of the directory.
    pub(super) directory: FrameRef,
    /// Events of the segment.
    pub(super) events_count: u32,
    /// Length of the whole file.
    pub(super) file_bytes: u64,
}

impl Footer {
    /// Encodes it.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FOOTER_BYTES);
        out.extend_from_slice(FOOTER_MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.events_count.to_le_bytes());
        out.extend_from_slice(&self.directory.position.to_le_bytes());
        out.extend_from_slice(&self.directory.len.to_le_bytes());
        out.extend_from_slice(&self.file_bytes.to_le_bytes());
        seal(out)
    }

    /// Reads and checks it; `file_bytes` is the length of the file it was found in.
    pub(super) fn decode(
        bytes: &[u8; FOOTER_BYTES],
        name: SegmentName,
        file_bytes: u64,
    ) -> Result<Self> {
        let mut reader = check_end(bytes, FOOTER_MAGIC).map_err(|error| damaged(error, name))?;
        let parsed: Result<_, Malformed> = (|| {
            let version = reader.u32()?;
            let events_count = reader.u32()?;
            let (position, len) = (reader.u64()?, reader.u32()?);
            let directory = FrameRef { position, len };
            let file_bytes = reader.u64()?;
            Ok((
                version,
                Self {
                    directory,
                    events_count,
                    file_bytes,
                },
            ))
        })();
        let (version, footer) = parsed.map_err(|error| damaged(error, name))?;
        check_version(version, name)?;
        if footer.file_bytes != file_bytes {
            return Err(
                Error::corrupt("segment file does not have the length it says")
                    .with("file", name.file_name())
                    .with("bytes", file_bytes)
                    .with("expected", footer.file_bytes),
            );
        }
        Ok(footer)
    }
}

fn seal(mut out: Vec<u8>) -> Vec<u8> {
    let sum = checksum(&[&out]);
    out.extend_from_slice(&sum.to_le_bytes());
    out
}

/// Checks magic and checksum; the reader stands behind the magic.
fn check_end<'a>(bytes: &'a [u8], magic: &[u8; 8]) -> Result<Reader<'a>, Malformed> {
    let bad = |what, at| Err(Malformed { what, at });
    let (content, sum) = bytes.split_at(bytes.len() - 8);
    if content[..8] != magic[..] {
        return bad("segment file does not begin and end as one", 0);
    }
    if checksum(&[content]).to_le_bytes() != sum {
        return bad("checksum does not match", content.len());
    }
    Ok(Reader::new(&content[8..]))
}

fn check_version(version: u32, name: SegmentName) -> Result<()> {
    if version == VERSION {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Incompatible,
        "segment has a format this release cannot read",
    )
    .with("file", name.file_name())
    .with("version", version))
}

fn damaged(error: Malformed, name: SegmentName) -> Error {
    Error::corrupt("segment header or footer is damaged")
        .with("file", name.file_name())
        .because(error)
}

/// Bytes of the header.
pub(super) const HEADER_BYTES: usize = 40;
/// Bytes of the footer.
pub(super) const FOOTER_BYTES: usize = 44;
const HEADER_MAGIC: &[u8; 8] = b"swarmSEG";
const FOOTER_MAGIC: &[u8; 8] = b"swarmEND";
const VERSION: u32 = 1;
