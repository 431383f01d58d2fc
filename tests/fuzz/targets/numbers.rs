//! Any sequence of reads over any bytes: no read leaves the slice, and numbers are canonical.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use swarmlet_engine::event::codec::{Malformed, Reader, put_varint, put_zigzag};

#[derive(Arbitrary, Debug)]
enum Read {
    Varint,
    Zigzag,
    Len(u16),
    Take(usize),
    Array,
    Number,
}

fn check(read: &Read, bytes: &[u8], reader: &mut Reader<'_>) -> Result<(), Malformed> {
    let from = reader.position();
    let mut encoded = Vec::new();
    match read {
        Read::Varint => put_varint(&mut encoded, reader.varint()?),
        Read::Zigzag => put_zigzag(&mut encoded, reader.zigzag()?),
        Read::Len(max) => {
            let len = reader.len(usize::from(*max), "too long")?;
            assert!(len <= usize::from(*max));
            put_varint(&mut encoded, len as u64);
        }
        Read::Take(len) => {
            encoded.extend_from_slice(reader.take(*len)?);
            assert_eq!(encoded.len(), *len);
        }
        Read::Array => encoded.extend_from_slice(&reader.array::<7>()?),
        Read::Number => encoded.extend_from_slice(&reader.u64()?.to_le_bytes()),
    }
    assert_eq!(encoded, bytes[from..reader.position()]);
    Ok(())
}

fuzz_target!(|input: (Vec<Read>, &[u8])| {
    let (reads, bytes) = input;
    let mut reader = Reader::new(bytes);
    for read in &reads {
        if let Err(error) = check(read, bytes, &mut reader) {
            assert!(error.at <= bytes.len(), "{error}");
            break;
        }
    }
    assert_eq!(
        reader.finish().is_ok(),
        reader.position() == bytes.len(),
        "only the end is the end"
    );
});
