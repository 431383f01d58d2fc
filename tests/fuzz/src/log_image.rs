//! Write-ahead log files around arbitrary bytes: frames whose checksums, and batches whose hashes,
//! are made right after the bytes were mutated. The byte maps are in docs/format.
//!
//! A fuzz input is the frames of one log file after the other, without headers and padding. The
//! reserved bytes of a frame say what to leave as it is, so that torn writes and damage are
//! reached as well: the first one the frame, the second one the batches in it. Bytes that are too
//! few for a frame say that the last file was cut off, and by how much.

use std::collections::BTreeMap;

use swarmlet_engine::event::codec::{Reader, checksum, put_varint};

/// The log files, from number 1 on, that hold the frames of `input`.
#[must_use]
pub fn log_files(input: &[u8]) -> Vec<Vec<u8>> {
    let mut chain = Chain::new();
    let mut before = 0;
    let mut files = vec![empty_file(1)];
    let mut rest = input;
    while let Some((fixed, after)) = rest.split_at_checked(FRAME_BYTES) {
        let sequence = files.len() as u64;
        let file = files.last_mut().expect("there is one from the beginning");
        let payload_len = after.len().min(number(fixed, 0) as u32 as usize);
        let (payload, after) = after.split_at(payload_len);
        let mut payload = payload.to_vec();
        if fixed[KIND_AT] == KIND_GROUP && fixed[KEEPS_BATCHES_AT] == 0 {
            repair_group(&mut payload, &mut chain);
        }
        before = push_frame(file, sequence, fixed, &payload, before);
        let padding = payload_len.next_multiple_of(FRAME_ALIGN) - payload_len;
        rest = &after[padding.min(after.len())..];
        if fixed[KIND_AT] == KIND_END && files.len() < FILES_MAX {
            files.push(empty_file(sequence + 1));
            before = 0;
        }
    }
    for file in &mut files {
        file.extend_from_slice(&[0; ROOM_BEHIND]);
    }
    let last = files.last_mut().expect("there is one from the beginning");
    if let Some(cut) = rest.first() {
        last.truncate(last.len() - ROOM_BEHIND - usize::from(*cut));
    }
    files
}

/// The input from which [`log_files`] makes `files`.
#[must_use]
pub fn frames_of<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut input = Vec::new();
    for file in files {
        let mut at = FRAMES_AT;
        while file.get(at + KIND_AT).is_some_and(|kind| *kind != 0) {
            let len =
                (FRAME_BYTES + number(file, at) as u32 as usize).next_multiple_of(FRAME_ALIGN);
            input.extend_from_slice(&file[at..at + len]);
            at += len;
        }
    }
    input
}

/// A log file with this number and nothing in it.
#[must_use]
pub fn empty_file(sequence: u64) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend_from_slice(b"SWRMLOG\0");
    file.extend_from_slice(&1u64.to_le_bytes());
    file.extend_from_slice(&sequence.to_le_bytes());
    file.extend_from_slice(&checksum(&[&file]).to_le_bytes());
    file.resize(FRAMES_AT, 0);
    file
}

/// The header hashes that batches of a stream must name, by what identifies the stream.
pub type Chain = BTreeMap<Vec<u8>, [u8; 32]>;

/// Makes the hashes of the batch at the beginning of `bytes` right, as far as it can be taken
/// apart, and returns its length. With a chain it also names the batch before it.
pub fn repair_batch(bytes: &mut [u8], chain: Option<&mut Chain>) -> Option<usize> {
    let mut reader = Reader::new(bytes);
    reader.take(FIXED_HEADER_BYTES).ok()?;
    for _ in 0..2 {
        let len = reader.u8().ok()?;
        reader.take(usize::from(len)).ok()?;
    }
    let header_len = reader.position();
    if reader.u8().ok()? == 1 {
        reader.take(64).ok()?;
    }
    let body_len = usize::try_from(reader.varint().ok()?).ok()?;
    let body = reader.take(body_len).ok()?;
    let len = reader.position();
    let body_hash = blake3::hash(body);
    bytes[BODY_HASH_AT..BODY_HASH_AT + 32].copy_from_slice(body_hash.as_bytes());
    if let Some(chain) = chain {
        let stream = bytes[2..FIRST_OFFSET_AT].to_vec();
        let is_first = bytes[FIRST_OFFSET_AT..FIRST_OFFSET_AT + 8] == [0; 8];
        let previous = chain.get(&stream).filter(|_| !is_first).copied();
        let previous = previous.unwrap_or_default();
        bytes[PREVIOUS_AT..PREVIOUS_AT + 32].copy_from_slice(&previous);
        chain.insert(stream, *blake3::hash(&bytes[..header_len]).as_bytes());
    }
    Some(len)
}

/// Appends a frame behind one with the payload checksum `before`; returns its own.
fn push_frame(file: &mut Vec<u8>, sequence: u64, fixed: &[u8], payload: &[u8], before: u64) -> u64 {
    let place = [sequence.to_le_bytes(), (file.len() as u64).to_le_bytes()].concat();
    let mut fixed = fixed.to_vec();
    let is_repaired = fixed[KEEPS_FRAME_AT] == 0;
    fixed[KEEPS_FRAME_AT..KIND_AT + 4].fill(0);
    let payload_sum = checksum(&[&place, &before.to_le_bytes(), payload]);
    if is_repaired {
        fixed[0..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        fixed[16..24].copy_from_slice(&payload_sum.to_le_bytes());
        let fixed_sum = checksum(&[&place, &fixed[..24]]);
        fixed[24..32].copy_from_slice(&fixed_sum.to_le_bytes());
    }
    file.extend_from_slice(&fixed);
    file.extend_from_slice(payload);
    file.resize(file.len().next_multiple_of(FRAME_ALIGN), 0);
    payload_sum
}

/// Repairs one batch after the other, and makes their count right.
fn repair_group(payload: &mut Vec<u8>, chain: &mut Chain) {
    let mut reader = Reader::new(payload);
    if reader.varint().is_err() {
        return;
    }
    let from = reader.position();
    let (mut at, mut count) = (from, 0u64);
    while at < payload.len()
        && let Some(len) = repair_batch(&mut payload[at..], Some(chain))
    {
        at += len;
        count += 1;
    }
    if at == payload.len() {
        let mut encoded = Vec::new();
        put_varint(&mut encoded, count);
        payload.splice(..from, encoded);
    }
}

fn number(bytes: &[u8], at: usize) -> u64 {
    let mut array = [0; 8];
    array.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(array)
}

const FRAMES_AT: usize = 4096;
const FRAME_BYTES: usize = 32;
const FRAME_ALIGN: usize = 8;
const KIND_AT: usize = 4;
const KEEPS_FRAME_AT: usize = 5;
const KEEPS_BATCHES_AT: usize = 6;
const KIND_GROUP: u8 = 1;
const KIND_END: u8 = 3;
const FIRST_OFFSET_AT: usize = 42;
const PREVIOUS_AT: usize = 54;
const BODY_HASH_AT: usize = 86;
/// Everything of a batch header before its two names.
const FIXED_HEADER_BYTES: usize = 134;
/// Files one input can have: each costs a page.
const FILES_MAX: usize = 4;
/// Zeros behind the last frame, so that more can be appended.
const ROOM_BEHIND: usize = 4096;
