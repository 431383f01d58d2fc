//! What a scenario expects: a value, exactly, or what one of the matchers lets vary.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use crate::json::{Merges, is_same};
use crate::template::{Saved, Template, Text, special};

/// What an answer has to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pattern {
    Same(Template),
    List(Vec<Pattern>),
    Map(Vec<(Text, Pattern)>),
    Has(Vec<(Text, Pattern)>),
    Unordered(Vec<Pattern>),
    Each(Box<Pattern>),
    Some(Box<Pattern>),
    Not(Box<Pattern>),
    Starts(Text),
    Contains(Text),
    Length(usize),
    Digits(usize),
    Within(i64, i64),
    NearNow(u64),
    Any,
}

/// Where an answer is not what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// Where in the answer; empty for all of it.
    pub(crate) place: String,
    pub(crate) expected: String,
    pub(crate) got: String,
}

/// What matching needs to know beside the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    pub(crate) saved: &'a Saved,
    pub(crate) merges: Merges,
}

type Checked = Result<(), Mismatch>;

impl Pattern {
    pub(crate) fn parse(value: &Value) -> Result<Self> {
        match value {
            Value::Array(items) => Ok(Self::List(parse_items(items)?)),
            Value::Object(fields) if is_bounds(fields) => parse_bounds(fields),
            Value::Object(fields) => match special(fields)? {
                Some((name, argument)) => Self::parse_special(name, argument, value),
                None => Ok(Self::Map(parse_fields(fields)?)),
            },
            _ => Ok(Self::Same(Template::parse(value)?)),
        }
    }

    fn parse_special(name: &str, argument: &Value, whole: &Value) -> Result<Self> {
        let wrong = || format!("{name} does not take {argument}");
        let nested = || Ok::<_, anyhow::Error>(Box::new(Self::parse(argument)?));
        let text = || Text::parse(argument.as_str().with_context(wrong)?);
        let number = || argument.as_u64().with_context(wrong);
        let items = || argument.as_array().with_context(wrong);
        Ok(match name {
            "$any" => {
                anyhow::ensure!(*argument == Value::Bool(true), wrong());
                Self::Any
            }
            "$has" => Self::Has(parse_fields(argument.as_object().with_context(wrong)?)?),
            "$unordered" => Self::Unordered(parse_items(items()?)?),
            "$each" => Self::Each(nested()?),
            "$some" => Self::Some(nested()?),
            "$not" => Self::Not(nested()?),
            "$starts" => Self::Starts(text()?),
            "$contains" => Self::Contains(text()?),
            "$length" => Self::Length(usize::try_from(number()?)?),
            "$digits" => Self::Digits(usize::try_from(number()?)?),
            "$near_now" => Self::NearNow(number()?),
            _ => Self::Same(Template::parse(whole)?),
        })
    }

    /// Whether the answer is what was expected, and where it is not.
    pub(crate) fn check(&self, got: &Value, setting: Setting<'_>) -> Checked {
        let is_met = match self {
            Self::Same(template) => {
                let expected = template.resolve(setting.saved);
                expected.is_ok_and(|expected| is_same(&expected, got, setting.merges))
            }
            Self::List(items) => return self.check_list(items, got, setting),
            Self::Map(fields) => return self.check_map(fields, true, got, setting),
            Self::Has(fields) => return self.check_map(fields, false, got, setting),
            Self::Unordered(items) => got
                .as_array()
                .is_some_and(|got| is_reordered(items, got, setting)),
            Self::Each(each) => return self.check_each(each, got, setting),
            Self::Some(some) => got
                .as_array()
                .is_some_and(|got| got.iter().any(|item| some.check(item, setting).is_ok())),
            Self::Not(not) => not.check(got, setting).is_err(),
            Self::Starts(start) => {
                is_text(got, start, setting, |got, start| got.starts_with(start))
            }
            Self::Contains(part) => is_text(got, part, setting, |got, part| got.contains(part)),
            Self::Length(length) => len(got) == Some(*length),
            Self::Digits(count) => got.as_str().is_some_and(|text| {
                text.len() == *count && text.bytes().all(|byte| byte.is_ascii_digit())
            }),
            Self::Within(least, most) => got
                .as_i64()
                .is_some_and(|got| (*least..=*most).contains(&got)),
            Self::NearNow(seconds) => got.as_u64().is_some_and(|got| is_near_now(got, *seconds)),
            Self::Any => true,
        };
        if is_met {
            Ok(())
        } else {
            Err(self.mismatch(got, setting))
        }
    }

    fn check_list(&self, items: &[Self], got: &Value, setting: Setting<'_>) -> Checked {
        let Some(answers) = got.as_array().filter(|got| got.len() == items.len()) else {
            return Err(self.mismatch(got, setting));
        };
        let mut pairs = items.iter().zip(answers).enumerate();
        pairs.try_for_each(|(index, (item, got))| within(index, item.check(got, setting)))
    }

    fn check_map(
        &self,
        fields: &[(Text, Self)],
        is_whole: bool,
        got: &Value,
        setting: Setting<'_>,
    ) -> Checked {
        let Some(answers) = got.as_object() else {
            return Err(self.mismatch(got, setting));
        };
        if is_whole && answers.len() != fields.len() {
            return Err(self.mismatch(got, setting));
        }
        for (key, value) in fields {
            let key = key.resolve_text(setting.saved).unwrap_or_default();
            let Some(answer) = answers.get(&key) else {
                return Err(self.mismatch(got, setting));
            };
            within(&key, value.check(answer, setting))?;
        }
        Ok(())
    }

    fn check_each(&self, each: &Self, got: &Value, setting: Setting<'_>) -> Checked {
        let Some(answers) = got.as_array().filter(|got| !got.is_empty()) else {
            return Err(self.mismatch(got, setting));
        };
        let mut answers = answers.iter().enumerate();
        answers.try_for_each(|(index, got)| within(index, each.check(got, setting)))
    }

    fn mismatch(&self, got: &Value, setting: Setting<'_>) -> Mismatch {
        Mismatch {
            place: String::new(),
            expected: shortened(&self.shown(setting.saved)),
            got: shortened(&got.to_string()),
        }
    }

    /// What it expects, as people read it.
    fn shown(&self, saved: &Saved) -> String {
        let list = |items: &[Self]| {
            let items: Vec<String> = items.iter().map(|item| item.shown(saved)).collect();
            items.join(",")
        };
        let text = |text: &Text| Value::String(text.resolve_text(saved).unwrap_or_default());
        let map = |fields: &[(Text, Self)]| {
            let show =
                |(key, value): &(Text, Self)| format!("{}:{}", text(key), value.shown(saved));
            fields.iter().map(show).collect::<Vec<_>>().join(",")
        };
        match self {
            Self::Same(template) => match template.resolve(saved) {
                Ok(value) => value.to_string(),
                Err(error) => error.to_string(),
            },
            Self::List(items) => format!("[{}]", list(items)),
            Self::Map(fields) => format!("{{{}}}", map(fields)),
            Self::Has(fields) => format!("an object with {{{}}}", map(fields)),
            Self::Unordered(items) => format!("in any order [{}]", list(items)),
            Self::Each(each) => format!("items that are each {}", each.shown(saved)),
            Self::Some(some) => format!("some item that is {}", some.shown(saved)),
            Self::Not(not) => format!("anything but {}", not.shown(saved)),
            Self::Starts(start) => format!("a text that starts with {}", text(start)),
            Self::Contains(part) => format!("a text that contains {}", text(part)),
            Self::Length(length) => format!("something of length {length}"),
            Self::Digits(count) => format!("a text of {count} digits"),
            Self::Within(least, most) => format!("an integer from {least} to {most}"),
            Self::NearNow(seconds) => format!("a time at most {seconds} seconds from now"),
            Self::Any => "anything".to_owned(),
        }
    }

    /// The same with one piece changed, for each piece that can be: an answer that matches this
    /// pattern must match none of them.
    pub(crate) fn mutants(&self) -> Vec<Self> {
        let boxed = |inner: &Self, wrap: fn(Box<Self>) -> Self| {
            let mutants = inner.mutants().into_iter();
            mutants.map(|mutant| wrap(Box::new(mutant))).collect()
        };
        match self {
            Self::Same(template) => vec![Self::Same(changed(template))],
            Self::List(items) => mutated_items(items, Self::List),
            Self::Unordered(items) => mutated_items(items, Self::Unordered),
            Self::Map(fields) => {
                let mut mutants = mutated_fields(fields, Self::Map);
                let added = (Text::changed(&Text::default()), Self::Any);
                mutants.push(Self::Map([fields.as_slice(), &[added]].concat()));
                mutants
            }
            Self::Has(fields) => mutated_fields(fields, Self::Has),
            Self::Each(each) => boxed(each, Self::Each),
            Self::Some(some) => boxed(some, Self::Some),
            Self::Not(not) => vec![not.as_ref().clone()],
            Self::Starts(start) => vec![Self::Starts(start.changed())],
            Self::Contains(part) => vec![Self::Contains(part.changed())],
            Self::Length(length) => vec![Self::Length(length + 1)],
            Self::Digits(count) => vec![Self::Digits(count + 1)],
            Self::Within(least, most) => {
                let below = (*least > i64::MIN).then(|| Self::Within(i64::MIN, least - 1));
                let above = (*most < i64::MAX).then(|| Self::Within(most + 1, i64::MAX));
                below.into_iter().chain(above).collect()
            }
            Self::NearNow(_) => vec![Self::Within(0, 0)],
            Self::Any => Vec::new(),
        }
    }

    /// The names of the saved values that it needs.
    pub(crate) fn names(&self, names: &mut BTreeSet<String>) {
        match self {
            Self::Same(template) => template.names(names),
            Self::List(items) | Self::Unordered(items) => {
                items.iter().for_each(|item| item.names(names));
            }
            Self::Map(fields) | Self::Has(fields) => {
                for (key, value) in fields {
                    key.names(names);
                    value.names(names);
                }
            }
            Self::Each(inner) | Self::Some(inner) | Self::Not(inner) => inner.names(names),
            Self::Starts(text) | Self::Contains(text) => text.names(names),
            Self::Length(_) | Self::Digits(_) | Self::Within(..) | Self::NearNow(_) | Self::Any => {
            }
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            writeln!(out, "  at       {}", self.place)?;
        }
        writeln!(out, "  expected {}", self.expected)?;
        write!(out, "  got      {}", self.got)
    }
}

fn parse_items(items: &[Value]) -> Result<Vec<Pattern>> {
    items.iter().map(Pattern::parse).collect()
}

fn parse_fields(fields: &Map<String, Value>) -> Result<Vec<(Text, Pattern)>> {
    let parse = |(key, value): (&String, &Value)| Ok((Text::parse(key)?, Pattern::parse(value)?));
    fields.iter().map(parse).collect()
}

fn is_bounds(fields: &Map<String, Value>) -> bool {
    let is_bound = |key: &String| ["$at_least", "$at_most"].contains(&key.as_str());
    !fields.is_empty() && fields.keys().all(is_bound)
}

fn parse_bounds(fields: &Map<String, Value>) -> Result<Pattern> {
    let bound = |name: &str, otherwise: i64| match fields.get(name) {
        Some(value) => value
            .as_i64()
            .with_context(|| format!("{name} takes an integer")),
        None => Ok(otherwise),
    };
    Ok(Pattern::Within(
        bound("$at_least", i64::MIN)?,
        bound("$at_most", i64::MAX)?,
    ))
}

fn within<P: fmt::Display>(place: P, checked: Checked) -> Checked {
    checked.map_err(|mismatch| {
        let place = match mismatch.place.as_str() {
            "" => place.to_string(),
            inner => format!("{place}.{inner}"),
        };
        Mismatch { place, ..mismatch }
    })
}

/// Whether each item of the answer can be given to another pattern. Few, so all are tried.
fn is_reordered(items: &[Pattern], got: &[Value], setting: Setting<'_>) -> bool {
    let Some((first, rest)) = items.split_first() else {
        return got.is_empty();
    };
    let fits = |index: &usize| first.check(&got[*index], setting).is_ok();
    (0..got.len()).filter(fits).any(|index| {
        let others = [&got[..index], &got[index + 1..]].concat();
        is_reordered(rest, &others, setting)
    })
}

fn is_text(
    got: &Value,
    part: &Text,
    setting: Setting<'_>,
    fits: impl Fn(&str, &str) -> bool,
) -> bool {
    let part = part.resolve_text(setting.saved);
    part.is_ok_and(|part| got.as_str().is_some_and(|got| fits(got, &part)))
}

fn len(got: &Value) -> Option<usize> {
    match got {
        Value::String(text) => Some(text.chars().count()),
        Value::Array(items) => Some(items.len()),
        _ => None,
    }
}

fn is_near_now(micros: u64, seconds: u64) -> bool {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    now.abs_diff(Duration::from_micros(micros)) <= Duration::from_secs(seconds)
}

/// Another value than what the template resolves to, and far from its neighbours in a list.
fn changed(template: &Template) -> Template {
    Template::Plain(match template {
        Template::Plain(Value::Bool(value)) => Value::Bool(!value),
        Template::Plain(Value::Number(number)) if number.is_i64() => {
            Value::from(number.as_i64().unwrap_or_default().wrapping_add(1_000_003))
        }
        Template::Plain(Value::Null) => Value::Bool(false),
        Template::Text(text) => return Template::Text(text.changed()),
        _ => Value::String("changed".to_owned()),
    })
}

fn mutated_items(items: &[Pattern], wrap: fn(Vec<Pattern>) -> Pattern) -> Vec<Pattern> {
    let mut mutants = vec![wrap([items, &[Pattern::Any]].concat())];
    for (index, item) in items.iter().enumerate() {
        for mutant in item.mutants() {
            let mut changed = items.to_vec();
            changed[index] = mutant;
            mutants.push(wrap(changed));
        }
    }
    mutants
}

fn mutated_fields(
    fields: &[(Text, Pattern)],
    wrap: fn(Vec<(Text, Pattern)>) -> Pattern,
) -> Vec<Pattern> {
    let mut mutants = Vec::new();
    for (index, (_, value)) in fields.iter().enumerate() {
        for mutant in value.mutants() {
            let mut changed = fields.to_vec();
            changed[index].1 = mutant;
            mutants.push(wrap(changed));
        }
    }
    mutants
}

/// Enough to see what is wrong.
fn shortened(text: &str) -> String {
    if text.len() <= SHOWN_MAX {
        return text.to_owned();
    }
    let start: String = text.chars().take(SHOWN_MAX).collect();
    format!("{start} ... ({} bytes)", text.len())
}

const SHOWN_MAX: usize = 600;

#[cfg(test)]
mod tests;
