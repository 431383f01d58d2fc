//! Segment files around arbitrary bytes: header, footer and frames whose checksums are made right
//! after the bytes were mutated. The byte map is in docs/format/segment.md.

use swarmlet_engine::event::codec::{Reader, checksum, put_varint};
use swarmlet_engine::segment::SegmentName;

/// Makes header, footer and the checksum of every frame right, as far as frames can be told apart.
/// Magic and versions stay as they are.
pub fn repair(file: &mut [u8], name: SegmentName) {
    let len = file.len();
    let Some(footer_at) = len
        .checked_sub(FOOTER_BYTES)
        .filter(|at| *at >= HEADER_BYTES)
    else {
        return;
    };
    file[12..16].copy_from_slice(&name.revision.to_le_bytes());
    file[16..24].copy_from_slice(&name.first.to_le_bytes());
    file[24..32].copy_from_slice(&name.last.to_le_bytes());
    seal(&mut file[..HEADER_BYTES]);
    let frames = repair_frames(&mut file[HEADER_BYTES..footer_at]);
    let footer = &mut file[footer_at..];
    let last = frames
        .last()
        .map(|(at, len)| ((HEADER_BYTES + at) as u64, *len as u32));
    if let Some((position, frame_len)) = last {
        footer[16..24].copy_from_slice(&position.to_le_bytes());
        footer[24..28].copy_from_slice(&frame_len.to_le_bytes());
    }
    footer[28..36].copy_from_slice(&(len as u64).to_le_bytes());
    seal(footer);
}

/// A valid segment without any event.
#[must_use]
pub fn empty(name: SegmentName) -> Vec<u8> {
    let mut file = vec![0; HEADER_BYTES];
    file[..8].copy_from_slice(b"swarmSEG");
    file[8..12].copy_from_slice(&1u32.to_le_bytes());
    push_plain_frame(&mut file, &[0; 5]);
    push_footer(&mut file, 0);
    repair(&mut file, name);
    file
}

/// The same segment with its directory, the last frame, not compressed: easier to mutate.
///
/// # Panics
///
/// If the file is not a valid segment.
#[must_use]
pub fn with_plain_directory(file: &[u8], name: SegmentName) -> Vec<u8> {
    let footer = &file[file.len() - FOOTER_BYTES..];
    let mut reader = Reader::new(&footer[12..]);
    let mut next = || reader.u32().expect("a footer is longer");
    let events_count = next();
    let position = (u64::from(next()) | u64::from(next()) << 32) as usize;
    let frame = &file[position..file.len() - FOOTER_BYTES];
    let mut reader = Reader::new(&frame[CHECKSUM_BYTES..]);
    let head = reader.varint().expect("a frame has a head");
    let data = &frame[CHECKSUM_BYTES + reader.position()..];
    let content = match head & 1 {
        1 => zstd::bulk::decompress(data, (head >> 1) as usize).expect("it was compressed"),
        _ => data.to_vec(),
    };
    let mut plain = file[..position].to_vec();
    push_plain_frame(&mut plain, &content);
    push_footer(&mut plain, events_count);
    repair(&mut plain, name);
    plain
}

/// Repairs the frames that follow each other; returns where each begins and how long it is.
fn repair_frames(frames: &mut [u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(len) = frame_len(&frames[at..]) {
        let (sum, content) = frames[at..at + len].split_at_mut(CHECKSUM_BYTES);
        sum.copy_from_slice(&checksum(&[content]).to_le_bytes());
        found.push((at, len));
        at += len;
    }
    found
}

/// The length of the frame at the beginning of `bytes`: what is plain says it, what is compressed
/// can be asked.
fn frame_len(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(bytes.get(CHECKSUM_BYTES..)?);
    let head = reader.varint().ok()?;
    let data_at = CHECKSUM_BYTES + reader.position();
    let data_len = match head & 1 {
        1 => zstd::zstd_safe::find_frame_compressed_size(&bytes[data_at..]).ok()?,
        _ => usize::try_from(head >> 1).ok()?,
    };
    data_at
        .checked_add(data_len)
        .filter(|len| *len <= bytes.len())
}

fn push_plain_frame(file: &mut Vec<u8>, content: &[u8]) {
    file.extend_from_slice(&[0; CHECKSUM_BYTES]);
    put_varint(file, (content.len() as u64) << 1);
    file.extend_from_slice(content);
}

fn push_footer(file: &mut Vec<u8>, events_count: u32) {
    let at = file.len();
    file.extend_from_slice(b"swarmEND");
    file.extend_from_slice(&1u32.to_le_bytes());
    file.extend_from_slice(&events_count.to_le_bytes());
    file.resize(at + FOOTER_BYTES, 0);
}

fn seal(end: &mut [u8]) {
    let (content, sum) = end.split_at_mut(end.len() - CHECKSUM_BYTES);
    sum.copy_from_slice(&checksum(&[content]).to_le_bytes());
}

const HEADER_BYTES: usize = 40;
const FOOTER_BYTES: usize = 44;
const CHECKSUM_BYTES: usize = 8;
