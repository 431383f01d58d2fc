//! Commit groups as bytes: the batches of a group in one frame, so that they hold or fall together.

use super::unsealed::PlacedBatch;
use crate::event::Batch;
use crate::event::codec::{Malformed, Reader, put_varint};

/// The batches of a group as the payload of one frame: `own` ones, and `received` ones that are
/// encoded already, `received_count` of them.
pub(super) fn encode_group(own: &[Batch], received: &[u8], received_count: usize) -> Vec<u8> {
    let own_bytes: usize = own.iter().map(|batch| batch.body.len() + 320).sum();
    let mut payload = Vec::with_capacity(own_bytes + received.len() + 4);
    put_varint(&mut payload, (own.len() + received_count) as u64);
    for batch in own {
        batch.encode(&mut payload);
    }
    payload.extend_from_slice(received);
    payload
}

/// Decodes a group whose payload begins at `payload_at` in its log file.
pub(super) fn decode_group(
    payload: &[u8],
    payload_at: u64,
) -> Result<Vec<PlacedBatch<'_>>, Malformed> {
    let mut reader = Reader::new(payload);
    let count = reader.len(payload.len(), "more batches than bytes")?;
    let mut batches = Vec::new();
    for _ in 0..count {
        let at = reader.position() as u64;
        let batch = Batch::decode(&mut reader)?;
        let len = reader.position() as u64 - at;
        let body_at = payload_at + batch.body_at as u64;
        batches.push(PlacedBatch {
            batch,
            at: payload_at + at,
            len,
            body_at,
        });
    }
    reader.finish()?;
    Ok(batches)
}
