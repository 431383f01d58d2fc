//! The table of errors that all languages share, to hold every error against.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

/// What an error of any language must look like.
#[derive(Debug)]
pub(crate) struct Errors {
    numbers: BTreeMap<String, u64>,
    advice: BTreeSet<String>,
}

#[derive(Deserialize)]
struct RawErrors {
    kind: Vec<RawKind>,
    advice: Vec<RawAdvice>,
}

#[derive(Deserialize)]
struct RawKind {
    name: String,
    number: u64,
}

#[derive(Deserialize)]
struct RawAdvice {
    name: String,
}

/// An error as drivers write it; nothing more, nothing less.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    code: String,
    number: u64,
    advice: String,
    operation: String,
    message: String,
    details: BTreeMap<String, String>,
}

impl Errors {
    /// Reads the table.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let raw: RawErrors = toml::from_str(text).context("the table of errors")?;
        let numbers = raw.kind.into_iter().map(|kind| (kind.name, kind.number));
        Ok(Self {
            numbers: numbers.collect(),
            advice: raw.advice.into_iter().map(|advice| advice.name).collect(),
        })
    }

    /// Checks what holds of every error.
    pub(crate) fn check(&self, error: &Value) -> Result<()> {
        let written = Written::deserialize(error).context("an error of another form")?;
        let number = self.numbers.get(&written.code);
        let number = number.with_context(|| format!("{:?} is no kind", written.code))?;
        ensure!(
            *number == written.number,
            "{} has the number {number}",
            written.code
        );
        ensure!(
            self.advice.contains(&written.advice),
            "{:?} is no advice",
            written.advice
        );
        ensure!(
            !written.operation.is_empty(),
            "the error names no operation"
        );
        let is_line = !written.message.is_empty() && !written.message.contains('\n');
        ensure!(is_line, "the message is not one line");
        ensure!(
            written.details.keys().all(|name| !name.is_empty()),
            "a detail has no name"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_of_another_form_are_found() {
        let table = "[[kind]]\nname = 'closed'\nnumber = 1\n[[advice]]\nname = 'reopen'\n";
        let errors = Errors::parse(table).unwrap();
        let good = json!({"code": "closed", "number": 1, "advice": "reopen",
            "operation": "publish", "message": "the node is closed", "details": {}});
        errors.check(&good).unwrap();
        for (name, value) in [
            ("code", json!("shut")),
            ("number", json!(2)),
            ("advice", json!("pray")),
            ("operation", json!("")),
            ("message", json!("two\nlines")),
            ("message", json!("")),
            ("details", json!({"bytes": 1})),
            ("stack", json!("x")),
        ] {
            let mut bad = good.clone();
            bad[name] = value;
            assert!(errors.check(&bad).is_err(), "{bad}");
        }
    }
}
