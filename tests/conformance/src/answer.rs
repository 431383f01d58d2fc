//! What drivers answer.

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

/// The answer to one request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// The call did what it does.
    Ok(Value),
    /// The package refused.
    Error(Value),
    /// The language refused.
    Refused(String),
    /// The driver could not do it.
    Broken(String),
}

impl Answer {
    /// Reads a line: the number of the request, and its answer.
    pub(crate) fn parse(line: Value) -> Result<(u64, Self)> {
        let Value::Object(mut fields) = line else {
            bail!("an answer is an object, not {line}");
        };
        let id = fields.remove("id").as_ref().and_then(Value::as_u64);
        let id = id.context("an answer has the id of its request")?;
        let answer = Self::of(&mut fields).context("an answer is ok, error, refused or broken")?;
        if let Some(name) = fields.keys().next() {
            bail!("an answer has no {name:?}");
        }
        Ok((id, answer))
    }

    fn of(fields: &mut Map<String, Value>) -> Option<Self> {
        let text = |value: Value| value.as_str().map(str::to_owned);
        if let Some(value) = fields.remove("ok") {
            return Some(Self::Ok(value));
        }
        if let Some(error) = fields.remove("error") {
            return Some(Self::Error(error));
        }
        if let Some(why) = fields.remove("refused") {
            return Some(Self::Refused(text(why)?));
        }
        Some(Self::Broken(text(fields.remove("broken")?)?))
    }

    /// What it is, for people.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Ok(value) => format!("success: {value}"),
            Self::Error(error) => format!("the error {error}"),
            Self::Refused(why) => format!("a refusal of the language: {why}"),
            Self::Broken(why) => format!("a broken driver: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_are_one_of_four() {
        let parse = |line| Answer::parse(line).unwrap();
        assert_eq!(
            parse(json!({"id": 1, "ok": null})),
            (1, Answer::Ok(json!(null)))
        );
        assert_eq!(
            parse(json!({"id": 2, "refused": "no"})),
            (2, Answer::Refused("no".to_owned()))
        );
        for line in [
            json!({"ok": 1}),
            json!({"id": 1}),
            json!({"id": 1, "ok": 1, "error": {}}),
            json!({"id": 1, "refused": 2}),
            json!([]),
        ] {
            assert!(Answer::parse(line.clone()).is_err(), "{line}");
        }
    }
}
