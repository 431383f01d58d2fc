//! The bytes of the directory. Numbers that grow are stored as distances.

use super::block_index::IndexPage;
use super::codebook::{Codebook, Imprint};
use super::directory::{Checkpoint, Directory, StreamEntry, StreamPart};
use super::floors::{Floor, Floors};
use super::frame::FrameRef;
use super::table::{TableEntry, TablePage};
use super::terms::TermPage;
use crate::event::codec::{Malformed, Reader, put_bytes, put_varint, put_zigzag};
use crate::event::{
    AppId, BatchHash, Lamport, NodeId, Offset, Signature, StreamId, StreamName, StreamNumber,
    Timestamp,
};
use crate::limits::{APP_ID_BYTES_MAX, STREAM_NAME_BYTES_MAX, TAG_BYTES_MAX};

type Decoded<T> = Result<T, Malformed>;

/// Encodes the directory.
pub(super) fn encode(directory: &Directory) -> Vec<u8> {
    let mut out = Vec::new();
    put_list(&mut out, &directory.codebooks, put_codebook);
    put_varint(&mut out, directory.streams.len() as u64);
    for (entry, part) in directory.streams.iter().zip(&directory.parts) {
        put_entry(&mut out, entry);
        put_part(&mut out, part);
    }
    put_table(&mut out, &directory.table);
    put_list(&mut out, &directory.terms, |out, page| {
        put_bytes(out, &page.separator);
        put_frame(out, page.frame);
    });
    put_varint(&mut out, directory.floors.len() as u64);
    for (stream, floor) in directory.floors.iter() {
        put_stream(&mut out, stream);
        put_varint(&mut out, floor.first.get());
        out.extend_from_slice(floor.previous.as_bytes());
    }
    out
}

/// Decodes a directory and checks what it must hold for the segment to be readable.
pub(super) fn decode(bytes: &[u8]) -> Decoded<Directory> {
    let mut reader = Reader::new(bytes);
    let reader = &mut reader;
    let codebooks = list(reader, codebook)?;
    let mut directory = Directory {
        codebooks,
        ..Directory::default()
    };
    for _ in 0..reader.len(usize::MAX, COUNT)? {
        let entry = entry(reader)?;
        if directory
            .streams
            .last()
            .is_some_and(|before| before.stream >= entry.stream)
        {
            return Err(reader.malformed("streams are out of order"));
        }
        directory.parts.push(part(reader, &entry)?);
        directory.streams.push(entry);
    }
    directory.table = table(reader, directory.streams.len())?;
    directory.terms = list(reader, |reader| {
        let len = reader.len(1 + TAG_BYTES_MAX, "separator is too long")?;
        let separator = reader.take(len)?.into();
        Ok(TermPage {
            separator,
            frame: frame(reader)?,
        })
    })?;
    let mut floors = Floors::new();
    for _ in 0..reader.len(usize::MAX, COUNT)? {
        let (stream, first) = (stream(reader)?, offset(reader)?);
        let previous = BatchHash::from_bytes(reader.array()?);
        floors.raise(stream, Floor { first, previous });
    }
    directory.floors = floors;
    reader.finish()?;
    Ok(directory)
}

fn put_list<T>(out: &mut Vec<u8>, items: &[T], mut put: impl FnMut(&mut Vec<u8>, &T)) {
    put_varint(out, items.len() as u64);
    for item in items {
        put(out, item);
    }
}

/// Reads a list. Items are at least a byte long, so a false count ends with the bytes, and memory
/// grows only with what was really read.
fn list<'a, T>(
    reader: &mut Reader<'a>,
    mut item: impl FnMut(&mut Reader<'a>) -> Decoded<T>,
) -> Decoded<Vec<T>> {
    let count = reader.len(usize::MAX, COUNT)?;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(item(reader)?);
    }
    items.shrink_to_fit();
    Ok(items)
}

fn put_frame(out: &mut Vec<u8>, frame: FrameRef) {
    put_varint(out, frame.position);
    put_varint(out, u64::from(frame.len));
}

fn frame(reader: &mut Reader<'_>) -> Decoded<FrameRef> {
    let position = reader.varint()?;
    let len = reader.len(u32::MAX as usize, "frame is too long")? as u32;
    Ok(FrameRef { position, len })
}

fn put_codebook(out: &mut Vec<u8>, codebook: &Codebook) {
    put_frame(out, codebook.dictionary.unwrap_or_default());
    put_list(out, &codebook.imprints, |out, imprint| {
        let text = imprint.app_id.as_str().as_bytes();
        let flag = if imprint.has_name { HAS_NAME } else { 0 };
        put_varint(out, (text.len() + flag) as u64);
        out.extend_from_slice(text);
    });
}

fn codebook(reader: &mut Reader<'_>) -> Decoded<Codebook> {
    let dictionary = Some(frame(reader)?).filter(|frame| frame.len > 0);
    let imprints = list(reader, |reader| {
        let len = reader.len(HAS_NAME + APP_ID_BYTES_MAX, "name is too long")?;
        let has_name = len >= HAS_NAME;
        let len = if has_name { len - HAS_NAME } else { len };
        Ok(Imprint {
            app_id: checked(AppId::new(text_of(reader, len)?), reader)?,
            has_name,
        })
    })?;
    Ok(Codebook {
        dictionary,
        imprints,
    })
}

fn put_stream(out: &mut Vec<u8>, stream: StreamId) {
    out.extend_from_slice(stream.node.as_bytes());
    put_varint(out, stream.number.get());
}

fn stream(reader: &mut Reader<'_>) -> Decoded<StreamId> {
    let node = NodeId::from_bytes(reader.array()?);
    let number = checked(StreamNumber::new(reader.varint()?), reader)?;
    Ok(StreamId::new(node, number))
}

fn put_entry(out: &mut Vec<u8>, entry: &StreamEntry) {
    put_stream(out, entry.stream);
    put_bytes(out, entry.name.as_str().as_bytes());
    put_varint(out, entry.first.get());
    put_varint(out, entry.last.get() - entry.first.get());
    out.extend_from_slice(entry.start.as_bytes());
    out.extend_from_slice(entry.end.as_bytes());
    put_varint(out, entry.last_lamport.get());
}

fn entry(reader: &mut Reader<'_>) -> Decoded<StreamEntry> {
    let stream = stream(reader)?;
    let name = checked(
        StreamName::new(text(reader, STREAM_NAME_BYTES_MAX)?),
        reader,
    )?;
    let first = offset(reader)?;
    let last = checked(first.advanced(reader.varint()?), reader)?;
    Ok(StreamEntry {
        stream,
        name,
        first,
        last,
        start: BatchHash::from_bytes(reader.array()?),
        end: BatchHash::from_bytes(reader.array()?),
        last_lamport: lamport(reader)?,
    })
}

fn put_part(out: &mut Vec<u8>, part: &StreamPart) {
    put_list(out, &part.checkpoints, |out, checkpoint| {
        put_varint(out, checkpoint.next_offset.get());
        out.extend_from_slice(checkpoint.hash.as_bytes());
        out.extend_from_slice(checkpoint.signature.as_bytes());
        put_varint(out, checkpoint.bytes);
        put_zigzag(out, checkpoint.time.micros());
        put_varint(out, checkpoint.lamport.get());
    });
    let (mut first, mut lamport) = (0, 0);
    put_list(out, &part.index, |out, page| {
        put_varint(out, page.first - first);
        put_varint(out, page.first_lamport - lamport);
        put_zigzag(out, page.time_min);
        put_zigzag(out, page.time_max);
        put_frame(out, page.frame);
        (first, lamport) = (page.first, page.first_lamport);
    });
}

fn part(reader: &mut Reader<'_>, entry: &StreamEntry) -> Decoded<StreamPart> {
    let checkpoints = list(reader, |reader| {
        Ok(Checkpoint {
            next_offset: offset(reader)?,
            hash: BatchHash::from_bytes(reader.array()?),
            signature: Signature::from_bytes(reader.array()?),
            bytes: reader.varint()?,
            time: Timestamp::from_micros(reader.zigzag()?),
            lamport: lamport(reader)?,
        })
    })?;
    let (mut first, mut lamport) = (0u64, 0u64);
    let index = list(reader, |reader| {
        first = first.saturating_add(reader.varint()?);
        lamport = lamport.saturating_add(reader.varint()?);
        let (time_min, time_max) = (reader.zigzag()?, reader.zigzag()?);
        Ok(IndexPage {
            first,
            first_lamport: lamport,
            time_min,
            time_max,
            frame: frame(reader)?,
        })
    })?;
    let ends_signed = checkpoints.last().is_some_and(|last| {
        last.next_offset.get() == entry.last.get() + 1 && last.hash == entry.end
    });
    let is_growing = checkpoints.is_sorted_by(|left, right| left.next_offset < right.next_offset);
    let begins_right = index
        .first()
        .is_some_and(|page| page.first == entry.first.get());
    if !ends_signed || !is_growing || !begins_right {
        return Err(reader.malformed("stream does not begin and end where it should"));
    }
    Ok(StreamPart { checkpoints, index })
}

fn put_table(out: &mut Vec<u8>, pages: &[TablePage]) {
    let mut lamport = 0;
    put_list(out, pages, |out, page| {
        put_varint(out, page.first.lamport - lamport);
        put_varint(out, u64::from(page.first.stream));
        put_varint(out, page.first.offset);
        put_frame(out, page.frame);
        lamport = page.first.lamport;
    });
}

fn table(reader: &mut Reader<'_>, streams_count: usize) -> Decoded<Vec<TablePage>> {
    let mut lamport = 0u64;
    list(reader, |reader| {
        lamport = lamport.saturating_add(reader.varint()?);
        let stream = reader.len(streams_count.saturating_sub(1), "stream is unknown")? as u32;
        let first = TableEntry {
            lamport,
            stream,
            offset: reader.varint()?,
        };
        Ok(TablePage {
            first,
            frame: frame(reader)?,
        })
    })
}

fn text<'a>(reader: &mut Reader<'a>, max: usize) -> Decoded<&'a str> {
    let len = reader.len(max, "name is too long")?;
    text_of(reader, len)
}

fn text_of<'a>(reader: &mut Reader<'a>, len: usize) -> Decoded<&'a str> {
    std::str::from_utf8(reader.take(len)?).map_err(|_| reader.malformed("name is not UTF-8"))
}

fn offset(reader: &mut Reader<'_>) -> Decoded<Offset> {
    checked(Offset::new(reader.varint()?), reader)
}

fn lamport(reader: &mut Reader<'_>) -> Decoded<Lamport> {
    checked(Lamport::new(reader.varint()?), reader)
}

fn checked<T>(value: crate::error::Result<T>, reader: &Reader<'_>) -> Decoded<T> {
    value.map_err(|_| reader.malformed("value is out of range"))
}

/// Added to the length of an app whose batches have the name of the stream in their headers; larger
/// than any length.
const HAS_NAME: usize = 256;

const COUNT: &str = "count is out of range";
