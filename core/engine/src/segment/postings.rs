//! Postings: the positions of the events that have one term, in the smaller of two encodings.

use roaring::RoaringBitmap;

use crate::event::codec::{Malformed, Reader, put_varint};

/// How postings are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Varints: the first position, then the distance from each position to the next, less one.
    Deltas,
    /// The portable format of roaring bitmaps.
    Roaring,
}

/// Encodes positions that are not empty.
pub(super) fn encode(positions: &RoaringBitmap) -> (Encoding, Vec<u8>) {
    let (count, max) = (positions.len(), positions.max().unwrap_or(0));
    let is_dense = count * DENSE_GAP > u64::from(max);
    if is_dense && count > ROARING_COUNT_MIN {
        let mut optimal = positions.clone();
        optimal.optimize();
        // A delta takes a byte or more.
        if (optimal.serialized_size() as u64) < count {
            let mut out = Vec::with_capacity(optimal.serialized_size());
            optimal
                .serialize_into(&mut out)
                .expect("writing to memory cannot fail");
            return (Encoding::Roaring, out);
        }
    }
    let mut out = Vec::with_capacity(count as usize * 2);
    let mut next = 0;
    for position in positions {
        put_varint(&mut out, u64::from(position - next));
        next = position + 1;
    }
    (Encoding::Deltas, out)
}

/// Decodes `count` positions below `limit`.
pub(super) fn decode(
    encoding: Encoding,
    bytes: &[u8],
    count: u32,
    limit: u32,
) -> Result<RoaringBitmap, Malformed> {
    let bad = |what| Malformed { what, at: 0 };
    let positions = match encoding {
        Encoding::Deltas => decode_deltas(bytes, limit)?,
        Encoding::Roaring => {
            RoaringBitmap::deserialize_from(bytes).map_err(|_| bad("postings are not a bitmap"))?
        }
    };
    let is_in_table = positions.max().is_none_or(|max| max < limit);
    if !is_in_table || positions.len() != u64::from(count) {
        return Err(bad("postings differ from their term"));
    }
    Ok(positions)
}

fn decode_deltas(bytes: &[u8], limit: u32) -> Result<RoaringBitmap, Malformed> {
    let mut reader = Reader::new(bytes);
    let mut positions = RoaringBitmap::new();
    let mut next = 0u64;
    while !reader.is_at_end() {
        let position = next.saturating_add(reader.varint()?);
        if position >= u64::from(limit) {
            return Err(reader.malformed("posting is not in the table"));
        }
        positions
            .try_push(position as u32)
            .map_err(|_| reader.malformed("postings do not grow"))?;
        next = position + 1;
    }
    Ok(positions)
}

/// Where at most one event in this many is meant, deltas are never larger than a bitmap.
const DENSE_GAP: u64 = 16;
const ROARING_COUNT_MIN: u64 = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn postings_round_trip(positions in prop::collection::btree_set(0u32..5000, 1..2000)) {
            let bitmap: RoaringBitmap = positions.iter().copied().collect();
            let (encoding, bytes) = encode(&bitmap);
            let count = positions.len() as u32;
            prop_assert_eq!(decode(encoding, &bytes, count, 5000).unwrap(), bitmap);
            prop_assert!(decode(encoding, &bytes, count, *positions.last().unwrap()).is_err());
            prop_assert!(decode(encoding, &bytes, count + 1, 5000).is_err());
        }

        #[test]
        fn any_bytes_decode_or_fail(bytes: Vec<u8>, count: u32) {
            let _ = decode(Encoding::Deltas, &bytes, count, 1000);
            let _ = decode(Encoding::Roaring, &bytes, count, 1000);
        }
    }

    #[test]
    fn a_term_of_all_events_takes_almost_nothing() {
        let mut all = RoaringBitmap::new();
        all.insert_range(0..1_000_000);
        assert!(encode(&all).1.len() < 500);
    }
}
