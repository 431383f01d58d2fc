//! Paths into answers: `rows.*.payload`.

use anyhow::{Result, bail, ensure};
use serde_json::Value;

/// Which part of an answer is meant. The empty path is all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Item(usize),
    EachItem,
}

impl Path {
    /// Reads the text of a path: fields, positions in lists, and `*` for every item of a list.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let parts = text.split('.').filter(|_| !text.is_empty());
        let steps = parts.map(|part| {
            ensure!(!part.is_empty(), "the path {text:?} has an empty part");
            Ok(match (part, part.parse()) {
                ("*", _) => Step::EachItem,
                (_, Ok(index)) => Step::Item(index),
                (name, Err(_)) => Step::Field(name.to_owned()),
            })
        });
        Ok(Self(steps.collect::<Result<_>>()?))
    }

    /// The part of the value.
    pub(crate) fn of(&self, value: &Value) -> Result<Value> {
        pick(&self.0, value)
    }
}

fn pick(steps: &[Step], value: &Value) -> Result<Value> {
    let Some((step, rest)) = steps.split_first() else {
        return Ok(value.clone());
    };
    match (step, value) {
        (Step::EachItem, Value::Array(items)) => {
            items.iter().map(|item| pick(rest, item)).collect()
        }
        (Step::Item(index), Value::Array(items)) if *index < items.len() => {
            pick(rest, &items[*index])
        }
        (Step::Field(name), Value::Object(fields)) if fields.contains_key(name) => {
            pick(rest, &fields[name])
        }
        _ => bail!("there is no {step:?} in {value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_items_and_all_items_are_picked() {
        let value = json!({"rows": [{"payload": 1}, {"payload": 2}]});
        let of = |path: &str| Path::parse(path).unwrap().of(&value);
        assert_eq!(of("rows.*.payload").unwrap(), json!([1, 2]));
        assert_eq!(of("rows.1.payload").unwrap(), json!(2));
        assert_eq!(of("").unwrap(), value);
        assert!(of("rows.2").is_err() && of("row").is_err() && of("rows.payload").is_err());
        assert!(Path::parse("rows..payload").is_err());
    }
}
