//! Values on their way in and out.

use swarmlet_engine::ErrorKind;
use swarmlet_engine::event::Payload;

use super::*;

fn incoming(text: &str) -> Payload {
    payload_of(text.as_bytes()).unwrap()
}

fn outgoing(payload: &Payload) -> String {
    text_of(payload).unwrap()
}

fn refused(text: &[u8]) -> String {
    let error = payload_of(text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    error.message().to_owned()
}

#[test]
fn json_goes_through_unchanged() {
    let long = format!("[{}0]", "0,".repeat(100));
    let wide: Vec<String> = (0..30).map(|key| format!("\"{key}\":{key}")).collect();
    let wide = format!("{{{}}}", wide.join(","));
    for text in [
        "null",
        "18446744073709551615",
        "-9223372036854775808",
        "0.5",
        "1e+300",
        r#"{"":[[],{"a":"\"\\\n"}],"b":true}"#,
        &long,
        &wide,
    ] {
        assert_eq!(outgoing(&incoming(text)), text);
    }
}

#[test]
fn few_items_are_counted_and_many_have_an_end() {
    assert_eq!(
        incoming("[1,{\"a\":2}]").as_cbor(),
        [0x82, 1, 0xa1, 0x61, b'a', 2]
    );
    let many = incoming(&format!("[{}0]", "0,".repeat(23)));
    assert_eq!(many.as_cbor()[..2], [0x9f, 0]);
    assert_eq!(many.as_cbor()[24..], [0, 0xff]);
}

#[test]
fn what_json_does_not_know_has_a_spelling() {
    for (cbor, text) in [
        (&[0x42, 0xff, 0x00][..], r#""/wA=""#),
        (&[0xf9, 0x7c, 0x00], "null"),
        (&[0xf7], "null"),
        (&[0xc0, 0x61, b'x'], r#""x""#),
        (&[0xbf, 0x07, 0x9f, 0x01, 0xff, 0xff], r#"{"7":[1]}"#),
        (&[0xa1, 0x81, 0x01, 0x02], r#"{"[1]":2}"#),
        (&[0xe0], "0"),
    ] {
        let payload = Payload::from_cbor(cbor.to_vec()).unwrap();
        assert_eq!(outgoing(&payload), text);
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for text in ["", "{", "nul", "NaN", "Infinity", "1e999", "[1,]", "1 2"] {
        assert!(
            refused(text.as_bytes()).starts_with("the payload is not JSON"),
            "{text}"
        );
    }
    refused(b"\"\xff\"");
}

#[test]
fn what_is_too_large_or_too_deep_is_refused() {
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    let error = payload_of(large.as_bytes()).unwrap_err();
    assert_eq!(error.context().last(), Some(("bytes", "1048581")));
    let large = format!("[{}0]", "0,".repeat(2 * 1024 * 1024));
    assert!(refused(large.as_bytes()).starts_with("a payload must have at most 1 MiB"));
    let text = format!("\"{}\"", "x".repeat(1024 * 1024));
    assert!(refused(text.as_bytes()).starts_with("a payload must have at most 1 MiB"));
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for deep in [nested(129), nested(500), "[".repeat(1_000_000)] {
        assert_eq!(
            refused(deep.as_bytes()),
            "the payload is nested deeper than 128"
        );
    }
    // In something else, too.
    let list = format!("[{}]", nested(129));
    assert!(parse::<Vec<FromJson>>(list.as_bytes(), 1).is_err());
    let list = format!("[{}]", nested(128));
    assert!(parse::<Vec<FromJson>>(list.as_bytes(), 1).is_ok());
    assert_eq!(outgoing(&incoming(&nested(128))), nested(128));
}

#[test]
fn of_a_key_that_repeats_the_last_value_counts() {
    for (text, meant) in [
        (
            r#"{"a":1,"b":{"c":1,"c":[2]},"a":3}"#,
            r#"{"b":{"c":[2]},"a":3}"#,
        ),
        (r#"[{"a":{},"a":{},"a":0},1]"#, r#"[{"a":0},1]"#),
    ] {
        assert_eq!(outgoing(&incoming(text)), meant);
    }
    let many: Vec<String> = (0..100).map(|value| format!(r#""a":{value}"#)).collect();
    let many = format!("{{{}}}", many.join(","));
    assert_eq!(incoming(&many).as_cbor(), [0xa1, 0x61, b'a', 0x18, 99]);
}
