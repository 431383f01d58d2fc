//! Policies as JSON, the one form in which every language has them: who holds a blob, and how long.
//!
//! `"everyone"`, `"on_demand"`, `{"copies": 3}`, `{"labels": {"hall": "2"}}`; and `"forever"`,
//! `{"until": <microseconds since 1970-01-01 UTC>}`, `{"until_next": [<tags>]}` (none: of the same
//! name), `"while_referenced"`. The same forms are in records.

use serde::Serialize;
use serde::de::DeserializeOwned;
use swarmlet::{Hold, Keep};

use crate::failure::{Failure, Result};

/// Who is to hold a blob.
pub fn hold_of_json(json: &str) -> Result<Hold> {
    parsed(
        json,
        "hold must be \"everyone\", \"on_demand\", {\"copies\": 1 to 4096} or {\"labels\": {...}}",
    )
}

/// How long a blob is kept.
pub fn keep_of_json(json: &str) -> Result<Keep> {
    parsed(
        json,
        "keep must be \"forever\", {\"until\": microseconds}, {\"until_next\": [tags]} or \
         \"while_referenced\"",
    )
}

/// The JSON text of either.
pub fn json_of_policy(policy: &impl Serialize) -> Result<String> {
    serde_json::to_string(policy)
        .map_err(|error| Failure::invalid("", format!("a policy has no JSON: {error}")))
}

fn parsed<T: DeserializeOwned>(json: &str, expected: &'static str) -> Result<T> {
    serde_json::from_str(json).map_err(|_| {
        let shown: String = json.chars().take(64).collect();
        Failure::invalid("put", expected).with("given", shown)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_go_through_json_and_back() {
        for json in [
            "\"everyone\"",
            "\"on_demand\"",
            "{\"copies\":3}",
            "{\"labels\":{\"hall\":\"2\"}}",
        ] {
            let hold = hold_of_json(json).unwrap();
            assert_eq!(json_of_policy(&hold).unwrap(), json);
        }
        for json in [
            "\"forever\"",
            "\"while_referenced\"",
            "{\"until\":5}",
            "{\"until_next\":[\"a\"]}",
        ] {
            let keep = keep_of_json(json).unwrap();
            assert_eq!(json_of_policy(&keep).unwrap(), json);
        }
        for json in ["everyone", "\"nobody\"", "{\"copies\":0}", ""] {
            assert!(hold_of_json(json).is_err(), "{json}");
        }
        assert!(keep_of_json("{\"until\":\"monday\"}").is_err());
    }
}
