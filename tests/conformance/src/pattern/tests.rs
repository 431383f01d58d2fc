//! What the comparison lets pass, and that it notices everything else.

use super::*;
use serde_json::json;

fn check(expected: &Value, got: &Value) -> Checked {
    let values = [("id".to_owned(), json!("abc")), ("n".to_owned(), json!(7))];
    let saved = Saved {
        values: values.into(),
        ..Saved::default()
    };
    let setting = Setting {
        saved: &saved,
        merges: Merges::default(),
    };
    let pattern = Pattern::parse(expected).unwrap();
    let checked = pattern.check(got, setting);
    if checked.is_ok() {
        for mutant in pattern.mutants() {
            assert!(
                mutant.check(got, setting).is_err(),
                "{mutant:?} is met by {got}"
            );
        }
    }
    checked
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_micros()).unwrap()
}

/// An expectation, what meets it, and what does not.
type Case = (Value, Value, Vec<Value>);

fn cases() -> Vec<Case> {
    [values(), matchers()].concat()
}

fn values() -> Vec<Case> {
    vec![
        (
            json!(1),
            json!(1),
            vec![json!(2), json!("1"), json!(null), json!(1.0)],
        ),
        (
            json!("${id}"),
            json!("abc"),
            vec![json!("abd"), json!("${id}")],
        ),
        (json!("${n}"), json!(7), vec![json!("7"), json!(8)]),
        (json!("${id}-${n}"), json!("abc-7"), vec![json!("abc-8")]),
        (
            json!([1, 2]),
            json!([1, 2]),
            vec![json!([2, 1]), json!([1]), json!([1, 2, 3])],
        ),
        (
            json!([]),
            json!([]),
            vec![json!([1]), json!({}), json!(null)],
        ),
        (
            json!({"${id}": 1}),
            json!({"abc": 1}),
            vec![
                json!({}),
                json!({"abc": 2}),
                json!({"abc": 1, "d": 1}),
                json!([]),
            ],
        ),
    ]
}

fn matchers() -> Vec<Case> {
    vec![
        (
            json!({"$has": {"a": 1}}),
            json!({"a": 1, "b": 2}),
            vec![json!({"b": 2}), json!({"a": 2}), json!(1)],
        ),
        (
            json!({"$unordered": [1, {"$any": true}, 2]}),
            json!([2, 1, 3]),
            vec![json!([1, 3, 4]), json!([1, 2]), json!([1, 2, 3, 4])],
        ),
        (
            json!({"$each": 1}),
            json!([1, 1]),
            vec![json!([]), json!([1, 2]), json!(1)],
        ),
        (
            json!({"$some": 1}),
            json!([0, 1]),
            vec![json!([]), json!([0, 2]), json!(1)],
        ),
        (json!({"$not": 1}), json!(2), vec![json!(1)]),
        (
            json!({"$starts": "ab"}),
            json!("abc"),
            vec![json!("bab"), json!(1)],
        ),
        (
            json!({"$contains": "${id}"}),
            json!("xabc"),
            vec![json!("ab c"), json!(1)],
        ),
        (
            json!({"$length": 2}),
            json!("\u{e4}b"),
            vec![json!("abc"), json!([1]), json!(2)],
        ),
        (
            json!({"$digits": 2}),
            json!("07"),
            vec![json!("7"), json!("a7"), json!(17)],
        ),
        (
            json!({"$at_least": 1, "$at_most": 3}),
            json!(3),
            vec![json!(0), json!(4), json!("2"), json!(2.5)],
        ),
        (
            json!({"$near_now": 60}),
            json!(now()),
            vec![json!(now() - 61_000_000), json!(0)],
        ),
        (
            json!({"$float": "2.0"}),
            json!({"$float": "2"}),
            vec![json!(2), json!({"$float": "3"})],
        ),
        (
            json!({"$nested": 2}),
            json!([[0]]),
            vec![json!([0]), json!([[1]])],
        ),
    ]
}

#[test]
fn each_pattern_passes_what_it_says_and_nothing_else() {
    for (expected, good, bad) in cases() {
        assert_eq!(check(&expected, &good), Ok(()), "{expected}");
        for bad in bad {
            assert!(
                check(&expected, &bad).is_err(),
                "{expected} is met by {bad}"
            );
        }
    }
}

#[test]
fn each_pattern_but_the_one_for_anything_can_fail() {
    for (expected, ..) in cases() {
        assert!(
            !Pattern::parse(&expected).unwrap().mutants().is_empty(),
            "{expected}"
        );
    }
    assert!(
        Pattern::parse(&json!({"$any": true}))
            .unwrap()
            .mutants()
            .is_empty()
    );
    assert!(check(&json!({"$any": true}), &json!(null)).is_ok());
}

#[test]
fn a_mismatch_names_the_place_and_both_values() {
    let expected = json!({"rows": [{"payload": 1}, {"payload": "${n}"}]});
    let got = json!({"rows": [{"payload": 1}, {"payload": 8}]});
    let mismatch = check(&expected, &got).unwrap_err();
    assert_eq!(mismatch.place, "rows.1.payload");
    assert_eq!(
        (mismatch.expected.as_str(), mismatch.got.as_str()),
        ("7", "8")
    );
    let text = mismatch.to_string();
    assert_eq!(
        text,
        "  at       rows.1.payload\n  expected 7\n  got      8"
    );
}

#[test]
fn what_means_nothing_is_refused() {
    for value in [
        json!({"$almost": 1}),
        json!({"$any": false}),
        json!({"$any": true, "a": 1}),
        json!({"$length": "2"}),
        json!({"$unordered": 1}),
        json!({"$at_least": "1"}),
        json!("${"),
    ] {
        assert!(Pattern::parse(&value).is_err(), "{value}");
    }
}
