//! Dumps, whole and mutated, in pieces of any length.

use minicbor::Encoder;
use proptest::prelude::*;

use super::*;

/// An event as it goes into a dump.
#[derive(Clone, Debug)]
struct Given {
    app: String,
    tags: Vec<String>,
    micros: i64,
    /// Of the payload, whose CBOR is kept as it is.
    text: String,
    /// Whether maps and arrays have an end instead of a length.
    is_open: bool,
}

/// A map with these fields.
fn map(out: &mut Vec<u8>, is_open: bool, fields: &[(&str, Vec<u8>)]) {
    let mut encoder = Encoder::new(&mut *out);
    match is_open {
        true => encoder.begin_map().unwrap(),
        false => encoder.map(fields.len() as u64).unwrap(),
    };
    for (name, value) in fields {
        encoder.str(name).unwrap();
        encoder.writer_mut().extend_from_slice(value);
    }
    if is_open {
        encoder.end().unwrap();
    }
}

fn cbor<T: minicbor::Encode<()>>(value: T) -> Vec<u8> {
    minicbor::to_vec(value).unwrap()
}

fn source(is_open: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let node = cbor(minicbor::bytes::ByteArray::from([7; 32]));
    let settings = cbor(r#"{"swarm":{"topic":"t"}}"#);
    let fields = [("nodeId", node), ("settings", settings)];
    map(&mut out, is_open, &fields);
    out
}

impl Given {
    fn payload(&self) -> Vec<u8> {
        let mut out = Vec::new();
        map(&mut out, self.is_open, &[("text", cbor(&self.text))]);
        out
    }

    fn fields(&self) -> Vec<(&'static str, Vec<u8>)> {
        vec![
            ("lamport", cbor(9_u64)),
            ("stream", vec![0x9f, 0x41, 0x00, 0x00, 0xff]),
            ("offset", cbor(3_u64)),
            ("timestamp", cbor(self.micros)),
            ("tags", cbor(&self.tags)),
            ("appId", cbor(&self.app)),
            ("payload", self.payload()),
        ]
    }

    fn record(&self) -> Vec<u8> {
        let mut out = Vec::new();
        map(&mut out, self.is_open, &self.fields());
        out
    }
}

/// Items of any shape, also with ends in the middle of such as have lengths.
fn item() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(cbor),
        any::<f64>().prop_map(cbor),
        ".{0,9}".prop_map(cbor),
        Just(vec![0xf6]),
        // Bytes and texts in parts.
        Just(vec![0x5f, 0x41, 0x07, 0x40, 0xff]),
        Just(vec![0x7f, 0x61, 0x61, 0xff]),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let parts = proptest::collection::vec(inner, 0..5);
        (parts, any::<bool>(), any::<bool>()).prop_map(|(mut parts, is_map, is_open)| {
            let (major, mut count) = (if is_map { 0xa0 } else { 0x80 }, parts.len());
            if is_map {
                count /= 2;
                parts.truncate(count * 2);
            }
            match is_open {
                true => [vec![major | 0x1f], parts.concat(), vec![0xff]].concat(),
                false => [vec![major | count as u8], parts.concat()].concat(),
            }
        })
    })
}

fn given() -> impl Strategy<Value = Given> {
    let tags = proptest::collection::vec("[a-z]{1,9}", 0..4);
    (tags, 0..i64::MAX, ".{0,40}", any::<bool>()).prop_map(|(tags, micros, text, is_open)| Given {
        app: "com.example.app".to_owned(),
        tags,
        micros,
        text,
        is_open,
    })
}

fn dump(events: &[Given]) -> Vec<u8> {
    let records = events.iter().flat_map(Given::record);
    source(true).into_iter().chain(records).collect()
}

/// The events that come out of a dump in pieces, and whether all of it could be read.
fn read(bytes: &[u8], piece: usize) -> (Vec<Result<Record>>, Result<()>) {
    let (mut dump, mut found) = (Dump::default(), Vec::new());
    let mut pieces = bytes.chunks(piece);
    loop {
        let next = pieces.next();
        match next {
            Some(piece) => dump.push(&Bytes::copy_from_slice(piece)),
            None => dump.end(),
        }
        loop {
            match dump.next_event(BYTES_MAX) {
                Ok(Some(item)) => found.push(event(&item)),
                Ok(None) if next.is_none() => return (found, Ok(())),
                Ok(None) => break,
                Err(failure) => return (found, Err(failure)),
            }
        }
    }
}

/// The payload of a record.
fn payload_of(record: &[u8]) -> Option<Vec<u8>> {
    fields(record).unwrap().payload.map(<[u8]>::to_vec)
}

fn is_same(record: &Record, given: &Given) -> bool {
    let tags = Tags::new(given.tags.iter().map(String::as_str)).unwrap();
    record.app.as_ref().map(AppId::as_str) == Some(&given.app)
        && record.event.tags == tags
        && record.event.payload.as_cbor() == given.payload()
        && record.time == Some(Timestamp::from_micros(given.micros))
}

fn one() -> Given {
    Given {
        app: "com.example.app".to_owned(),
        tags: vec!["a".to_owned()],
        micros: 1,
        text: "x".to_owned(),
        is_open: false,
    }
}

proptest! {
    #[test]
    fn values_are_as_long_as_items(item in item(), rest: Vec<u8>) {
        let mut record = Vec::new();
        let fields = [("payload", item.clone()), ("other", cbor(1_u8))];
        map(&mut record, false, &fields);
        record.extend(rest);
        prop_assert_eq!(item_len(&item).unwrap(), Some(item.len()));
        prop_assert_eq!(payload_of(&record), Some(item));
    }

    #[test]
    fn events_come_out_as_they_went_in(
        events in proptest::collection::vec(given(), 0..6),
        piece in 1_usize..300,
    ) {
        let (found, end) = read(&dump(&events), piece);
        prop_assert!(end.is_ok(), "{:?}", end);
        prop_assert_eq!(found.len(), events.len());
        for (record, given) in found.iter().zip(&events) {
            prop_assert!(is_same(record.as_ref().unwrap(), given));
        }
    }

    #[test]
    fn damage_is_an_error_and_changes_nothing_before_it(
        events in proptest::collection::vec(given(), 1..6),
        at: proptest::sample::Index,
        bytes in proptest::collection::vec(any::<u8>(), 0..12),
        is_cut: bool,
    ) {
        let whole = dump(&events);
        let at = at.index(whole.len());
        let rest = if is_cut { whole.len() } else { at + 1 };
        let mutated = [&whole[..at], &bytes, &whole[rest..]].concat();
        let (found, _) = read(&mutated, 64);
        let mut end = source(true).len();
        for (record, given) in found.iter().zip(&events) {
            end += given.record().len();
            if end <= at {
                prop_assert!(is_same(record.as_ref().unwrap(), given));
            }
        }
        // However it is cut into pieces, the same comes out.
        prop_assert_eq!(read(&mutated, 7).0.len(), found.len());
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        let begun = [source(false), bytes.clone()].concat();
        let _ = (read(&bytes, 9), read(&begun, 9));
        let _ = event(&bytes);
    }
}

#[test]
fn a_record_that_is_no_event_is_told_and_the_next_is_read() {
    let good = one();
    let mut long = one();
    long.tags = (0..=DUMP_TAGS_MAX).map(|tag| tag.to_string()).collect();
    let mut app = one();
    app.app = "Not An App".to_owned();
    let without = |name: &str| {
        let mut fields = good.fields();
        fields.retain(|(field, _)| *field != name);
        let mut out = Vec::new();
        map(&mut out, false, &fields);
        out
    };
    let deep = |depth: usize| {
        let mut fields = good.fields();
        fields.pop();
        fields.push(("payload", [vec![0x81; depth], vec![0]].concat()));
        let mut out = Vec::new();
        map(&mut out, false, &fields);
        out
    };
    let bad = [
        (without("payload"), "payload"),
        (without("appId"), "appId"),
        (without("timestamp"), "timestamp"),
        (long.record(), "256 tags"),
        (app.record(), "app id"),
        (deep(200), "nested deeper"),
        (cbor("no map"), "no event of a dump"),
    ];
    for (record, what) in bad {
        let bytes = [source(false), good.record(), record, good.record()].concat();
        let (found, end) = read(&bytes, 50);
        end.unwrap();
        assert_eq!(found.len(), 3, "{what}");
        let failure = found[1].as_ref().unwrap_err();
        assert!(failure.message.contains(what), "{failure}");
        assert!(found[0].is_ok() && is_same(found[2].as_ref().unwrap(), &good));
    }
}

#[test]
fn what_is_no_dump_or_has_no_end_is_refused() {
    let end = |bytes: &[u8]| read(bytes, 1 << 16).1.unwrap_err().message;
    let record = one().record();
    assert!(end(&record).contains("where a dump comes from"));
    let whole = [source(false), record.clone()].concat();
    assert!(end(&whole[..whole.len() - 1]).contains("ends within"));
    let wide = [source(false), vec![0x9f; DUMP_DEPTH_MAX + 2]].concat();
    assert!(end(&wide).contains("nested"));
    let mut long = one();
    long.text = "x".repeat(BYTES_MAX);
    let long = [source(false), long.record()].concat();
    assert!(end(&long).contains("more than"));
    assert!(end(&long[..BYTES_MAX + 100]).contains("more than"));
    let twice = [whole.clone(), whole].concat();
    assert_eq!(read(&twice, 11).0.len(), 2);
}

/// Few, so that a test can go beyond.
const BYTES_MAX: usize = 32 * 1024;
