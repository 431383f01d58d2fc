//! When two values of the protocol are the same.

use anyhow::{Context as _, Result};
use serde::Deserialize as _;
use serde_json::Value;

/// What a language cannot tell apart; its driver says so.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Merges {
    /// 2 and 2.0.
    pub(crate) whole_floats: bool,
}

impl Merges {
    /// What one of the two cannot tell apart.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            whole_floats: self.whole_floats || other.whole_floats,
        }
    }
}

/// Reads one line, however deep it nests.
pub(crate) fn read(line: &str) -> Result<Value> {
    let mut reader = serde_json::Deserializer::from_str(line);
    reader.disable_recursion_limit();
    let value = Value::deserialize(&mut reader).context("the line is no JSON")?;
    reader.end().context("the line goes on after the JSON")?;
    Ok(value)
}

/// Whether an answer is the expected value.
pub(crate) fn is_same(expected: &Value, got: &Value, merges: Merges) -> bool {
    match (expected, got) {
        (Value::Array(expected), Value::Array(got)) => {
            let pairs = || expected.iter().zip(got);
            expected.len() == got.len()
                && pairs().all(|(expected, got)| is_same(expected, got, merges))
        }
        (Value::Object(fields), _) if fields.contains_key("$float") => {
            is_same_float(&fields["$float"], got, merges)
        }
        (Value::Object(expected), Value::Object(got)) => {
            let has = |(key, value): (&String, &Value)| {
                got.get(key).is_some_and(|got| is_same(value, got, merges))
            };
            expected.len() == got.len() && expected.iter().all(has)
        }
        _ => expected == got,
    }
}

fn is_same_float(expected: &Value, got: &Value, merges: Merges) -> bool {
    let Some(expected) = float(expected) else {
        return false;
    };
    if let Some(got) = got.get("$float") {
        let is_equal =
            |got: f64| got.to_bits() == expected.to_bits() || (got.is_nan() && expected.is_nan());
        return float(got).is_some_and(is_equal);
    }
    merges.whole_floats && got.as_i64().is_some_and(|got| got as f64 == expected)
}

fn float(text: &Value) -> Option<f64> {
    text.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whole_floats_are_no_integers_unless_the_language_merges_them() {
        let merging = Merges { whole_floats: true };
        let float = json!([{"$float": "2.0"}]);
        assert!(is_same(
            &float,
            &json!([{"$float": "2"}]),
            Merges::default()
        ));
        assert!(!is_same(&float, &json!([2]), Merges::default()));
        assert!(is_same(&float, &json!([2]), merging));
        assert!(!is_same(&float, &json!([3]), merging));
        assert!(!is_same(&json!([2]), &float, merging));
    }

    #[test]
    fn what_one_of_two_merges_both_may() {
        let merging = Merges { whole_floats: true };
        assert!(merging.and(Merges::default()).whole_floats);
        assert!(Merges::default().and(merging).whole_floats);
        assert!(!Merges::default().and(Merges::default()).whole_floats);
    }

    #[test]
    fn not_a_number_is_the_same_as_itself_and_zero_has_a_sign() {
        let float = |text: &str| json!({"$float": text});
        assert!(is_same(&float("nan"), &float("NaN"), Merges::default()));
        assert!(is_same(
            &float("-inf"),
            &float("-Infinity"),
            Merges::default()
        ));
        assert!(!is_same(&float("0"), &float("-0"), Merges::default()));
        assert!(!is_same(&float("inf"), &json!(1), Merges::default()));
    }

    #[test]
    fn the_rest_is_compared_exactly() {
        for (one, other) in [
            (json!({"a": 1}), json!({"a": 1, "b": 2})),
            (json!({"a": 1, "b": 2}), json!({"a": 1})),
            (json!([1]), json!([1, 1])),
            (
                json!({"$int": "9007199254740993"}),
                json!(9_007_199_254_740_993_u64),
            ),
            (json!(1), json!(1.0)),
            (json!(1), json!("1")),
            (json!(null), json!(false)),
        ] {
            assert!(!is_same(&one, &other, Merges::default()), "{one} {other}");
            assert!(is_same(&one, &one, Merges::default()));
        }
    }

    #[test]
    fn deep_lines_are_read_and_torn_ones_are_not() {
        let deep = format!("{}0{}", "[".repeat(190), "]".repeat(190));
        assert_eq!(read(&deep).unwrap().to_string(), deep);
        assert!(read("{").is_err() && read("1 2").is_err());
    }
}
