//! The table of error kinds, `core/engine/errors.toml`, read and checked.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Where the table is kept.
pub(crate) const PATH: &str = "core/engine/errors.toml";

/// All kinds and all pieces of advice, in the order of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    pub(crate) advice: Vec<Advice>,
    pub(crate) kind: Vec<Kind>,
}

/// What a caller can be told to do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advice {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// One error kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kind {
    pub(crate) name: String,
    pub(crate) number: u16,
    pub(crate) advice: String,
    pub(crate) text: String,
    pub(crate) python_base: Option<String>,
}

impl Table {
    /// Parses the table and refuses one that could not be turned into code.
    pub(crate) fn parse(text: &str) -> Result<Table> {
        let table: Table = toml::from_str(text).context("the table of errors does not parse")?;
        table.check()?;
        Ok(table)
    }

    fn check(&self) -> Result<()> {
        let mut advice = BTreeSet::new();
        for entry in &self.advice {
            check_entry(&entry.name, &entry.text)?;
            ensure!(
                advice.insert(entry.name.as_str()),
                "advice {} is there twice",
                entry.name
            );
        }
        let mut names = BTreeSet::new();
        for (index, kind) in self.kind.iter().enumerate() {
            check_entry(&kind.name, &kind.text)?;
            ensure!(
                names.insert(kind.name.as_str()),
                "kind {} is there twice",
                kind.name
            );
            ensure!(
                usize::from(kind.number) == index + 1,
                "kind {} has number {}, its place in the table says {}",
                kind.name,
                kind.number,
                index + 1
            );
            ensure!(
                advice.contains(kind.advice.as_str()),
                "kind {} gives advice {}, which is not in the table",
                kind.name,
                kind.advice
            );
        }
        Ok(())
    }
}

/// `not_found` becomes `NotFound`.
pub(crate) fn type_name(name: &str) -> String {
    name.split('_').map(capitalised).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + letters.as_str()
    })
}

fn check_entry(name: &str, text: &str) -> Result<()> {
    let is_snake = name.split('_').all(|word| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
    });
    ensure!(is_snake, "{name:?} is not lower snake case");
    ensure!(
        text.ends_with('.') && text.is_ascii(),
        "the text of {name} is not a plain sentence"
    );
    ensure!(
        !text.contains(['"', '\\', '\n']),
        "the text of {name} has a quote or a line break"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADVICE: &str = "[[advice]]\nname = 'stop'\ntext = 'Stop.'\n";

    fn message(kinds: &str) -> String {
        Table::parse(&format!("{ADVICE}{kinds}"))
            .unwrap_err()
            .to_string()
    }

    fn kind(name: &str, number: u16, advice: &str) -> String {
        format!("[[kind]]\nname='{name}'\nnumber={number}\nadvice='{advice}'\ntext='It is.'\n")
    }

    #[test]
    fn names_become_type_names() {
        assert_eq!(type_name("not_found"), "NotFound");
        assert_eq!(type_name("internal"), "Internal");
    }

    #[test]
    fn a_gap_in_the_numbers_is_refused() {
        assert!(Table::parse(&format!("{ADVICE}{}", kind("lost", 1, "stop"))).is_ok());
        assert!(message(&kind("lost", 2, "stop")).contains("its place in the table says 1"));
    }

    #[test]
    fn unknown_advice_is_refused() {
        assert!(message(&kind("lost", 1, "run")).contains("gives advice run"));
    }

    #[test]
    fn a_second_kind_of_the_same_name_is_refused() {
        let twice = kind("lost", 1, "stop") + &kind("lost", 2, "stop");
        assert!(message(&twice).contains("is there twice"));
    }

    #[test]
    fn names_have_to_be_snake_case() {
        assert!(message(&kind("Lost", 1, "stop")).contains("not lower snake case"));
        assert!(message(&kind("lost__here", 1, "stop")).contains("not lower snake case"));
    }

    #[test]
    fn the_table_of_the_repository_is_valid() {
        let text = std::fs::read_to_string(crate::root::path(PATH)).unwrap();
        assert!(Table::parse(&text).unwrap().kind.len() >= 19);
    }
}
