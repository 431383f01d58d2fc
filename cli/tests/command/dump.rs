//! Dumps of the predecessor, as its `ax events dump` writes them.

use minicbor::Encoder;
use serde_json::{Value, json};

use crate::harness::{Place, Said};

/// What a dump begins with.
fn source() -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    encoder.begin_map().unwrap();
    encoder.str("nodeId").unwrap().bytes(&[7; 32]).unwrap();
    encoder.str("displayName").unwrap().str("press").unwrap();
    encoder.str("totalEvents").unwrap().u64(3).unwrap();
    encoder.str("settings").unwrap().str("{}").unwrap();
    encoder.end().unwrap();
    encoder.into_writer()
}

/// An event of a dump, of an app, with the CBOR of a payload.
fn record(offset: u64, app: &str, payload: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    encoder.begin_map().unwrap();
    encoder.str("lamport").unwrap().u64(100 + offset).unwrap();
    encoder.str("stream").unwrap().begin_array().unwrap();
    encoder.bytes(&[7; 32]).unwrap().u64(0).unwrap();
    encoder.end().unwrap();
    encoder.str("offset").unwrap().u64(offset).unwrap();
    let micros = 1_600_000_000_000_000 + offset;
    encoder.str("timestamp").unwrap().u64(micros).unwrap();
    encoder.str("tags").unwrap().begin_array().unwrap();
    encoder.str("press:7").unwrap().str("stopped").unwrap();
    encoder.end().unwrap();
    encoder.str("appId").unwrap().str(app).unwrap();
    encoder.str("payload").unwrap();
    encoder.writer_mut().extend_from_slice(payload);
    encoder.end().unwrap();
    encoder.into_writer()
}

/// Three events of two apps; the payload of the last is bytes, which JSON does not have.
fn records() -> Vec<Vec<u8>> {
    let payloads: [&[u8]; 3] = [
        b"\xa1\x61n\xf9\x3c\x00",
        b"\x82\x01\x02",
        b"\x43\x01\x02\x03",
    ];
    let apps = ["com.example.press", "com.example.press", "com.example.saw"];
    let offsets = 0..;
    let records = offsets.zip(apps).zip(payloads);
    records
        .map(|((offset, app), payload)| record(offset, app, payload))
        .collect()
}

fn packed(records: &[Vec<u8>]) -> Vec<u8> {
    let whole = [source(), records.concat()].concat();
    zstd::encode_all(&whole[..], 19).unwrap()
}

/// Each event, but for its key.
fn events(place: &Place) -> Vec<Value> {
    let text = place.print(&["export"]);
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .map(|line: Value| {
            json!([
                line["appId"],
                line["timestamp"],
                line["tags"],
                line["payload"],
                line["cbor"]
            ])
        })
        .collect()
}

fn expected() -> [Value; 3] {
    let tags = json!(["press:7", "stopped"]);
    let (press, saw) = ("com.example.press", "com.example.saw");
    let at = |offset: u64| 1_600_000_000_000_000 + offset;
    [
        json!([press, at(0), tags, {"n": 1.0}, "a1616ef93c00"]),
        json!([press, at(1), tags, [1, 2], null]),
        json!([saw, at(2), tags, "AQID", "43010203"]),
    ]
}

fn error_of(said: &Said) -> Value {
    let line = said.err.lines().last().unwrap_or_default();
    serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{said:?}"))["error"].clone()
}

#[test]
fn a_dump_is_imported_packed_or_not_with_and_without_a_node_that_runs() {
    let (alone, running) = (Place::new(), Place::new());
    std::fs::write(alone.beside("dump"), packed(&records())).unwrap();
    let row = alone.row(&["import", "dump"]);
    assert_eq!(row, json!({"records": 3, "events": 3}));
    assert_eq!(events(&alone), expected());
    let node = running.run();
    let plain = [source(), records().concat()].concat();
    running.feed(&["import"], &plain).done(&["import"]);
    assert_eq!(events(&running), expected());
    let stopped = running.rows(&["query", "FROM 'stopped' & appId(com.example.saw)"]);
    assert_eq!(stopped.len(), 1);
    node.stop();
}

/// The sample is what `ax events dump` of release 2.18.2 has written, of a node with five events.
#[test]
fn a_dump_that_the_predecessor_made_is_imported() {
    let place = Place::new();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples/ax-2.18.dump");
    let row = place.row(&["import", sample]);
    assert_eq!(row, json!({"records": 5, "events": 5}));
    let (press, saw) = ("com.example.press", "com.example.saw");
    let (first, second) = (1_795_749_884_338_861_u64, 1_795_749_884_348_462_u64);
    let stopped = json!({
        "reason": "jam", "lost": 2, "ratio": 0.25, "deep": [[1, -1], {"a": null}],
    });
    let many = (0..40).map(|number| (number.to_string(), json!(number)));
    let many = Value::Object(many.collect());
    let expected = [
        json!([press, first, ["press:7", "stopped"], stopped]),
        json!([press, first, ["press:7"], "text \u{e4}"]),
        json!([press, first, [], null]),
        json!([press, first, ["part", "press:7"], [true, 4_294_967_296_u64, {"n": 61.5}]]),
        json!([saw, second, ["gr\u{fc}\u{df}e", "saw:1"], many]),
    ];
    let mut found = events(&place);
    for event in &mut found {
        // The CBOR is as long as it was written, which is not always as short as it can be.
        event.as_array_mut().unwrap().pop();
    }
    assert_eq!(found, expected);
}

#[test]
fn a_dump_that_is_imported_again_goes_on_where_it_was() {
    let place = Place::new();
    // In between and before, the device publishes what it wants, as do apps.
    place.print(&["publish", "1", "-t", "own"]);
    let given = records();
    place
        .feed(&["import"], &packed(&given[..2]))
        .done(&["import"]);
    place.print(&["publish", "2", "-t", "own"]);
    let words = ["import", "--json"];
    let said = place.feed(&words, &packed(&given));
    assert_eq!(
        said.err,
        "note: 2 records were in the log already; --skip 0 imports them again\n"
    );
    assert_eq!(said.done(&words), "{\"records\":3,\"events\":1}\n");
    let said = place.feed(&words, &packed(&given));
    assert_eq!(said.done(&words), "{\"records\":3,\"events\":0}\n");
    let imported = place.rows(&["query", "FROM 'press:7'"]);
    assert_eq!(imported.len(), 3);
    // The same event twice in a dump is two events, and one that differs a little is another one.
    let twice = [
        given[0].clone(),
        given[0].clone(),
        record(0, "com.example.press", b"\x02"),
    ];
    let said = place.feed(&words, &packed(&twice));
    assert_eq!(said.done(&words), "{\"records\":3,\"events\":2}\n");
    let words = ["import", "--json", "--skip", "0"];
    let said = place.feed(&words, &packed(&given));
    assert_eq!(said.done(&words), "{\"records\":3,\"events\":3}\n");
}

#[test]
fn what_a_later_dump_has_in_the_middle_is_imported_and_the_rest_is_not() {
    let place = Place::new();
    let of = |offset| record(offset, "com.example.press", &[0x18, 0x20 + offset as u8]);
    let first: Vec<Vec<u8>> = [0, 1, 4, 5, 6].map(of).to_vec();
    place.feed(&["import"], &packed(&first)).done(&["import"]);
    place.print(&["publish", "1", "-t", "own"]);
    // A device came back that had been away: 2 and 3; and there is more: 7.
    let words = ["import", "--json"];
    let second: Vec<Vec<u8>> = (0..8).map(of).collect();
    let said = place.feed(&words, &packed(&second));
    assert_eq!(said.done(&words), "{\"records\":8,\"events\":3}\n");
    let third: Vec<Vec<u8>> = (0..9).map(of).collect();
    let said = place.feed(&words, &packed(&third));
    assert_eq!(said.done(&words), "{\"records\":9,\"events\":1}\n");
    assert_eq!(place.rows(&["query", "FROM 'press:7'"]).len(), 9);
}

#[test]
fn a_dump_goes_on_after_a_kill() {
    let place = Place::new();
    let given: Vec<Vec<u8>> = (0..20_000)
        .map(|offset| record(offset, "com.example.press", b"\x01"))
        .collect();
    std::fs::write(place.beside("dump"), packed(&given)).unwrap();
    let node = place.run();
    let import = place.start(&["import", "dump"]);
    place.until(&["query", "FROM allEvents AGGREGATE COUNT(_)"], |rows| {
        let count = rows.first().and_then(|row| row["payload"].as_u64());
        count > Some(1_000)
    });
    import.signal(rustix::process::Signal::KILL);
    import.wait();
    let row = place.row(&["import", "dump"]);
    assert_eq!(row["records"], 20_000);
    let count = place.row(&["query", "FROM allEvents AGGREGATE COUNT(_)"]);
    assert_eq!(count["payload"], 20_000, "{row}");
    node.stop();
}

#[test]
fn an_import_does_not_wait_for_ever_for_another_one() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::fs::File;

    let place = Place::new();
    let node = place.run();
    // Its records never end.
    let pipe = place.beside("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let records = File::options().read(true).write(true).open(&pipe).unwrap();
    let held = place.start(&["import", "pipe"]);
    let lines = b"{\"payload\": 1}\n";
    let (mut refused, mut tries) = (place.feed(&["import", "--json"], lines), 0);
    while refused.code == Some(0) {
        // That one was there first.
        assert!(tries < 10, "{refused:?}");
        tries += 1;
        refused = place.feed(&["import", "--json"], lines);
    }
    let error = error_of(&refused);
    assert_eq!(error["kind"], "overloaded", "{error}");
    let words = ["import", "--skip", "0"];
    place.feed(&words, lines).done(&words);
    held.signal(rustix::process::Signal::KILL);
    held.wait();
    drop(records);
    let words = ["import"];
    place.feed(&words, lines).done(&words);
    node.stop();
}

#[test]
fn a_record_that_cannot_be_read_is_told_and_can_be_left_out() {
    let place = Place::new();
    let mut given = records();
    given.insert(1, record(9, "No App", b"\x01"));
    let given = packed(&given);
    let said = place.feed(&["import", "--json"], &given);
    let error = error_of(&said);
    assert_eq!(said.code, Some(2), "{said:?}");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("record 2: "), "{error}");
    let advice = error["advice"].as_str().unwrap();
    assert!(advice.contains("--skip 2 leaves record 2 out"), "{error}");
    assert_eq!(events(&place), expected()[..1]);
    let words = ["import", "--skip", "2"];
    place.feed(&words, &given).done(&words);
    assert_eq!(events(&place), expected());
}

#[test]
fn a_dump_that_was_cut_off_is_imported_as_far_as_it_reaches() {
    let place = Place::new();
    // Of digits that do not compress, so that there is something before the cut.
    let mut state = 1_u64;
    let mut digits = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    let mut payload = || -> Vec<u8> {
        let bytes = (0..100_000).map(|_| digits());
        [0x5a, 0, 1, 0x86, 0xa0].into_iter().chain(bytes).collect()
    };
    let long = |offset| record(offset, "com.example.press", &payload());
    let given: Vec<Vec<u8>> = (0..8).map(long).collect();
    let whole = packed(&given);
    let said = place.feed(&["import", "--json"], &whole[..whole.len() * 2 / 3]);
    let error = error_of(&said);
    assert_eq!(said.code, Some(2), "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("it ends too early; record "), "{message}");
    let count = events(&place).len();
    assert!((1..8).contains(&count), "{count}");
    let advice = error["advice"].as_str().unwrap();
    assert!(
        advice.contains(&format!("--skip {count} goes on")),
        "{advice}"
    );
    let skip = count.to_string();
    let words = ["import", "--skip", &skip];
    place.feed(&words, &whole).done(&words);
    assert_eq!(events(&place).len(), 8);
}

#[test]
fn what_is_no_dump_is_refused_and_a_blob_is_never_unpacked() {
    let place = Place::new();
    let other = zstd::encode_all(&b"\xa1\x61a\x01"[..], 3).unwrap();
    let said = place.feed(&["import", "--json"], &other);
    let error = error_of(&said);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("where a dump comes from"),
        "{error}"
    );
    let lines = zstd::encode_all(&b"{\"payload\":1}"[..], 3).unwrap();
    place.feed(&["import"], &lines).done(&["import"]);
    assert_eq!(events(&place).len(), 1);
    place
        .feed(&["blobs", "put", "-", "--name", "x"], &lines)
        .done(&["blobs"]);
    place.print(&["blobs", "get", "x", "copy"]);
    assert_eq!(std::fs::read(place.beside("copy")).unwrap(), lines);
}
