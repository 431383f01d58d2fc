//! What a scenario writes where a value is due: JSON with saved values and things made on the spot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What earlier steps saved, and where the files of the scenario are.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    pub(crate) values: BTreeMap<String, Value>,
    pub(crate) folder: PathBuf,
}

/// A text with saved values in it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Text(Vec<Part>);

impl TryFrom<String> for Text {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Plain(String),
    Saved(String),
}

/// A value with saved values in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Template {
    /// As it stands, the notations of the protocol included.
    Plain(Value),
    Text(Text),
    List(Vec<Template>),
    Map(Vec<(Text, Template)>),
    Made(Recipe),
}

/// What is too large to be written down, or differs from run to run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Recipe {
    Folder(Text),
    Quiet(Vec<Text>),
    Repeat(String, usize),
    Zeros(usize),
    Nested(usize),
    Range(i64, i64),
    Events(String, i64, i64),
}

/// How the protocol writes what JSON cannot say.
const NOTATIONS: &[&str] = &["$bytes", "$float", "$int", "$map", "$time"];

impl Text {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            let (name, after) = behind.split_once('}').context("a `${` has no end")?;
            let is_named = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if name.is_empty() || !is_named {
                bail!("{name:?} is not a name");
            }
            if !before.is_empty() {
                parts.push(Part::Plain(before.to_owned()));
            }
            parts.push(Part::Saved(name.to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Plain(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The saved value itself if the text is nothing else.
    pub(crate) fn resolve(&self, saved: &Saved) -> Result<Value> {
        match self.0.as_slice() {
            [Part::Saved(name)] => saved.value(name).cloned(),
            _ => Ok(Value::String(self.resolve_text(saved)?)),
        }
    }

    /// A text in any case.
    pub(crate) fn resolve_text(&self, saved: &Saved) -> Result<String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Plain(plain) => text.push_str(plain),
                Part::Saved(name) => match saved.value(name)? {
                    Value::String(value) => text.push_str(value),
                    other => text.push_str(&other.to_string()),
                },
            }
        }
        Ok(text)
    }

    /// Another text than this.
    pub(crate) fn changed(&self) -> Self {
        let plain = Part::Plain("changed ".to_owned());
        Self([&[plain], self.0.as_slice()].concat())
    }

    pub(crate) fn names(&self, names: &mut BTreeSet<String>) {
        names.extend(self.0.iter().filter_map(|part| match part {
            Part::Saved(name) => Some(name.clone()),
            Part::Plain(_) => None,
        }));
    }
}

impl Saved {
    fn value(&self, name: &str) -> Result<&Value> {
        let value = self.values.get(name);
        value.with_context(|| format!("nothing was saved as {name}"))
    }
}

impl Template {
    pub(crate) fn parse(value: &Value) -> Result<Self> {
        Ok(match value {
            Value::String(text) => Self::Text(Text::parse(text)?),
            Value::Array(items) => {
                Self::List(items.iter().map(Self::parse).collect::<Result<_>>()?)
            }
            Value::Object(fields) => match special(fields)? {
                Some((name, _)) if NOTATIONS.contains(&name) => Self::Plain(value.clone()),
                Some((name, made)) => Self::Made(Recipe::parse(name, made)?),
                None => Self::Map(Self::parse_fields(fields)?),
            },
            plain => Self::Plain(plain.clone()),
        })
    }

    pub(crate) fn parse_fields(fields: &Map<String, Value>) -> Result<Vec<(Text, Self)>> {
        let parse = |(key, value): (&String, &Value)| Ok((Text::parse(key)?, Self::parse(value)?));
        fields.iter().map(parse).collect()
    }

    pub(crate) fn resolve(&self, saved: &Saved) -> Result<Value> {
        Ok(match self {
            Self::Plain(value) => value.clone(),
            Self::Text(text) => text.resolve(saved)?,
            Self::List(items) => {
                let items = items.iter().map(|item| item.resolve(saved));
                Value::Array(items.collect::<Result<_>>()?)
            }
            Self::Map(fields) => {
                let fields = fields
                    .iter()
                    .map(|(key, value)| Ok((key.resolve_text(saved)?, value.resolve(saved)?)));
                Value::Object(fields.collect::<Result<_>>()?)
            }
            Self::Made(recipe) => recipe.make(saved)?,
        })
    }

    /// The names of the saved values that it needs.
    pub(crate) fn names(&self, names: &mut BTreeSet<String>) {
        match self {
            Self::Plain(_) => {}
            Self::Text(text) | Self::Made(Recipe::Folder(text)) => text.names(names),
            Self::List(items) => items.iter().for_each(|item| item.names(names)),
            Self::Map(fields) => {
                for (key, value) in fields {
                    key.names(names);
                    value.names(names);
                }
            }
            Self::Made(Recipe::Quiet(peers)) => peers.iter().for_each(|peer| peer.names(names)),
            Self::Made(_) => {}
        }
    }
}

impl Recipe {
    fn parse(name: &str, made: &Value) -> Result<Self> {
        let wrong = || format!("{name} cannot be made of {made}");
        let read = || -> Option<Result<Self>> {
            Some(match name {
                "$folder" => Text::parse(made.as_str()?).map(Self::Folder),
                "$quiet" => {
                    let peers = made
                        .as_array()?
                        .iter()
                        .map(|peer| Text::parse(peer.as_str().context("a peer is a text")?));
                    peers.collect::<Result<_>>().map(Self::Quiet)
                }
                "$repeat" => {
                    let (text, count) = (made.get(0)?.as_str()?, size(made.get(1)?)?);
                    Ok(Self::Repeat(text.to_owned(), count))
                }
                "$zeros" => Ok(Self::Zeros(size(made)?)),
                "$nested" => Ok(Self::Nested(size(made)?)),
                "$range" => Ok(Self::Range(made.get(0)?.as_i64()?, made.get(1)?.as_i64()?)),
                "$events" => {
                    let (from, to) = (made.get(1)?.as_i64()?, made.get(2)?.as_i64()?);
                    Ok(Self::Events(made.get(0)?.as_str()?.to_owned(), from, to))
                }
                _ => return None,
            })
        };
        read().with_context(wrong)?
    }

    fn make(&self, saved: &Saved) -> Result<Value> {
        Ok(match self {
            Self::Folder(name) => json!(saved.folder.join(name.resolve_text(saved)?)),
            Self::Quiet(peers) => {
                let peers = peers.iter().map(|peer| peer.resolve_text(saved));
                let peers = peers.collect::<Result<Vec<_>>>()?;
                json!({"listen": ["tcp://127.0.0.1:0"], "peers": peers, "discovery": false})
            }
            Self::Repeat(text, count) => json!(text.repeat(*count)),
            Self::Zeros(count) => json!({"$bytes": "00".repeat(*count)}),
            Self::Nested(depth) => (0..*depth).fold(json!(0), |inner, _| json!([inner])),
            Self::Range(from, to) => (*from..*to).map(Value::from).collect(),
            Self::Events(tag, from, to) => (*from..*to).map(|n| json!([[tag], n])).collect(),
        })
    }
}

/// The one key that begins with `$`, if it is one, with what belongs to it.
pub(crate) fn special(fields: &Map<String, Value>) -> Result<Option<(&str, &Value)>> {
    let is_special = |key: &str| key.starts_with('$') && !key.starts_with("${");
    if !fields.keys().any(|key| is_special(key)) {
        return Ok(None);
    }
    let mut all = fields.iter();
    match (all.next(), all.next()) {
        (Some((key, value)), None) => Ok(Some((key, value))),
        _ => bail!("a key that begins with `$` stands alone: {fields:?}"),
    }
}

fn size(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> Saved {
        let values = [("n".to_owned(), json!(7)), ("id".to_owned(), json!("abc"))];
        Saved {
            values: values.into(),
            folder: PathBuf::from("folder"),
        }
    }

    fn resolved(value: &Value) -> Result<Value> {
        Template::parse(value)?.resolve(&saved())
    }

    #[test]
    fn saved_values_keep_their_type_and_are_text_inside_of_texts_and_as_keys() {
        let value = json!({"a": "${n}", "${id}-0": ["${id}/${n}"], "b": [null, 1.5]});
        let expected = json!({"a": 7, "abc-0": ["abc/7"], "b": [null, 1.5]});
        assert_eq!(resolved(&value).unwrap(), expected);
    }

    #[test]
    fn things_are_made() {
        for (value, expected) in [
            (json!({"$folder": "a"}), json!("folder/a")),
            (json!({"$repeat": ["ab", 2]}), json!("abab")),
            (json!({"$zeros": 2}), json!({"$bytes": "0000"})),
            (json!({"$nested": 2}), json!([[0]])),
            (json!({"$range": [-1, 2]}), json!([-1, 0, 1])),
            (
                json!({"$events": ["n", 0, 2]}),
                json!([[["n"], 0], [["n"], 1]]),
            ),
            (
                json!({"$int": "18446744073709551615"}),
                json!({"$int": "18446744073709551615"}),
            ),
        ] {
            assert_eq!(resolved(&value).unwrap(), expected);
        }
        let quiet = resolved(&json!({"$quiet": ["tcp://${id}"]})).unwrap();
        assert_eq!(quiet["peers"], json!(["tcp://abc"]));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for value in [
            json!("${n"),
            json!("${}"),
            json!("${a b}"),
            json!("${other}"),
            json!({"$other": 1}),
            json!({"$zeros": 1, "a": 2}),
            json!({"$zeros": -1}),
            json!({"$repeat": "x"}),
        ] {
            assert!(resolved(&value).is_err(), "{value}");
        }
    }
}
