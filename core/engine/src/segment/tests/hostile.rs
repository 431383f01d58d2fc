//! Bytes with the right checksum and the wrong content are an error or harmless, never a panic.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::block::{Block, BlockBuilder, BlockEntry};
use super::super::frame::{FrameEncoder, FrameRef};
use super::super::layout::{FOOTER_BYTES, Footer};
use super::super::{BlockCache, Direction, Floors, Segment, SegmentName, SegmentQuery};
use super::super::{block_index, directory_codec, table, terms};
use super::model::{Bench, Model, SMALL, batch_plans, direction, local, selection};
use crate::event::batch::Records;
use crate::event::{Offset, Offsets};
use crate::select::Selection;
use crate::storage::Disk;

/// A place, and what to do with the byte there.
fn changes() -> impl Strategy<Value = Vec<(usize, u8)>> {
    prop::collection::vec((any::<usize>(), any::<u8>()), 0..6)
}

fn changed(bytes: &[u8], changes: &[(usize, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, value) in changes {
        let at = at % (bytes.len() + 1);
        match bytes.get_mut(at) {
            Some(byte) => *byte = *value,
            None => bytes.push(*value),
        }
    }
    bytes
}

/// The file of `segment` with another directory.
fn forged(file: &[u8], segment: &Segment, directory: &[u8]) -> Vec<u8> {
    let footer = *segment.file().footer();
    let mut forged = file[..footer.directory.position as usize].to_vec();
    FrameEncoder::new(None).encode(directory, &mut forged);
    let position = footer.directory.position;
    let len = (forged.len() - position as usize) as u32;
    let file_bytes = (forged.len() + FOOTER_BYTES) as u64;
    let directory = FrameRef { position, len };
    forged.extend_from_slice(
        &Footer {
            directory,
            file_bytes,
            ..footer
        }
        .encode(),
    );
    forged
}

/// Does everything that can be done with a segment.
fn use_everything(
    bench: &Bench,
    segment: &Arc<Segment>,
    selection: &Selection,
    direction: Direction,
) -> crate::error::Result<()> {
    segment.verify()?;
    let upper = segment
        .streams()
        .iter()
        .map(|entry| (entry.stream, entry.last))
        .collect();
    let lower = Offsets::new();
    let query = SegmentQuery {
        selection,
        local: local(),
        lower: &lower,
        upper: &upper,
        direction,
    };
    let mut cursor = segment.cursor(&query)?;
    while cursor.next_event()?.is_some() {}
    for entry in segment.streams() {
        let from = Offset::new(entry.last.get() / 2)?;
        segment
            .batches(entry.stream, from)?
            .try_for_each(|batch| batch.map(drop))?;
    }
    let name = SegmentName {
        revision: 7,
        ..segment.name()
    };
    let disk = Arc::clone(&bench.disk);
    let sources = [Arc::clone(segment)];
    super::super::merge(disk, &sources, name, &Floors::new(), &bench.cache).map(drop)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_forged_directory_does_no_harm(
        plans in batch_plans(),
        changes in changes(),
        selection in selection(),
        direction in direction(),
    ) {
        let bench = Bench::new();
        let segment = bench.seal(&Model::new(&plans, usize::MAX), SMALL).remove(0);
        let name = segment.name();
        let file = bench.sim.files().remove(&name.file_name()).unwrap();
        let directory = directory_codec::encode(segment.directory());
        let forged = forged(&file, &segment, &changed(&directory, &changes));
        bench.disk.remove(&name.file_name()).unwrap();
        bench.disk.create(&name.file_name(), 0).unwrap().write_at(&forged, 0).unwrap();
        let cache = Arc::new(BlockCache::new(0));
        if let Ok(segment) = Segment::open(&bench.disk, name, cache) {
            let segment = Arc::new(segment);
            let outcome = use_everything(&bench, &segment, &selection, direction);
            if changed(&directory, &changes) == directory {
                outcome.unwrap();
            }
            // What verification refuses, the other uses have to survive, too.
            let upper = segment.streams().iter().map(|entry| (entry.stream, entry.last)).collect();
            let lower = Offsets::new();
            let query = SegmentQuery {
                selection: &selection, local: local(), lower: &lower, upper: &upper, direction,
            };
            if let Ok(mut cursor) = segment.cursor(&query) {
                while let Ok(Some(_)) = cursor.next_event() {}
            }
            let name = SegmentName { revision: 9, ..name };
            let disk: Arc<dyn Disk> = Arc::clone(&bench.disk);
            let _ = super::super::merge(
                disk, std::slice::from_ref(&segment), name, &Floors::new(), &bench.cache,
            );
        }
    }

    #[test]
    fn any_page_decodes_or_fails(bytes: Vec<u8>, streams in 0usize..2000) {
        let _ = directory_codec::decode(&bytes);
        let _ = block_index::decode_page(&bytes);
        let _ = table::decode_page(&bytes, streams);
        let page = bytes.into();
        for term in terms::decode_page(&page).unwrap_or_default() {
            assert_eq!(terms::find_in(&page, &term.term).unwrap(), Some(term));
        }
    }

    #[test]
    fn any_block_decodes_or_fails(plans in batch_plans(), changes in changes()) {
        let model = Model::new(&plans, usize::MAX);
        let batch = &model.batches[0][0];
        let mut builder = BlockBuilder::default();
        let mut records = Records::new(&batch.body);
        let mut offset = 0;
        while let Some(record) = records.read_next().unwrap() {
            builder.push(offset, 0, offset == 0, &record);
            offset += 1;
        }
        let (raw, entry) = builder.take().unwrap();
        prop_assert!(Block::decode(raw.clone().into(), entry, 1).is_ok());
        prop_assert!(Block::decode(raw.clone().into(), entry, 0).is_err());
        let longer = BlockEntry { count: entry.count + 1, ..entry };
        prop_assert!(Block::decode(raw.clone().into(), longer, 1).is_err());
        let _ = Block::decode(changed(&raw, &changes).into(), entry, 1);
    }
}
