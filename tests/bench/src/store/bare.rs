//! The floor under every store: events appended to a preallocated file, synced once per group.
//!
//! The file is filled with zeros first and reused from its start when it is full, as a recycled
//! write-ahead log would be, so that a sync writes data only. It keeps nothing worth reading.

use super::group::{Grouped, Writer};
use super::{Hit, Store};
use crate::event::Event;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

const FILE_BYTES: u64 = 64 << 20;

pub(super) fn open(folder: &Path) -> Result<Box<dyn Store>> {
    let path = folder.join("bare.log");
    let mut file =
        File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    let zeros = vec![0; 1 << 20];
    for _ in 0..FILE_BYTES >> 20 {
        file.write_all(&zeros)?;
    }
    file.sync_all()?;
    Ok(Box::new(Grouped::new(Bare {
        file,
        position: 0,
        buffer: Vec::new(),
    })))
}

struct Bare {
    file: File,
    position: u64,
    buffer: Vec<u8>,
}

impl Writer for Bare {
    fn commit(&mut self, events: &[Event]) -> Result<()> {
        self.buffer.clear();
        for event in events {
            encode(event, &mut self.buffer);
        }
        let bytes = self.buffer.len() as u64;
        if self.position + bytes > FILE_BYTES {
            self.position = 0;
        }
        self.file.write_all_at(&self.buffer, self.position)?;
        self.file.sync_data()?;
        self.position += bytes;
        Ok(())
    }

    fn query_tag(&mut self, _: &str, _: &mut dyn FnMut(Hit<'_>)) -> Result<()> {
        bail!("a bare file has no index")
    }
}

/// Everything a reader would need, lengths first.
fn encode(event: &Event, buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(&event.stream.to_le_bytes());
    buffer.extend_from_slice(&event.offset.to_le_bytes());
    buffer.extend_from_slice(&event.lamport.to_le_bytes());
    buffer.extend_from_slice(&event.time_us.to_le_bytes());
    for tag in &event.tags {
        buffer.push(tag.len() as u8);
        buffer.extend_from_slice(tag.as_bytes());
    }
    buffer.extend_from_slice(&(event.payload.len() as u32).to_le_bytes());
    buffer.extend_from_slice(&event.payload);
}
