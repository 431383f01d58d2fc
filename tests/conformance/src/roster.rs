//! The list of drivers, and which of them can be started here.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// A driver of the list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) name: String,
    package: String,
    program: String,
    pub(crate) command: Vec<String>,
    pub(crate) pairs: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRoster {
    driver: Vec<Entry>,
}

/// Reads the list.
pub(crate) fn parse(text: &str) -> Result<Vec<Entry>> {
    let roster: RawRoster = toml::from_str(text).context("the list of drivers")?;
    for entry in &roster.driver {
        ensure!(!entry.command.is_empty(), "{} has no command", entry.name);
    }
    Ok(roster.driver)
}

impl Entry {
    /// Why there is no such driver in the tree.
    pub(crate) fn missing(&self, root: &Path) -> Option<String> {
        let missing = [&self.package, &self.program].into_iter();
        let mut missing = missing.filter(|path| !root.join(path).exists());
        missing.next().map(|path| format!("there is no {path}"))
    }

    /// The words that start it.
    pub(crate) fn words(&self, programs: &Path) -> Vec<String> {
        let programs = programs.to_string_lossy();
        let words = self.command.iter();
        words.map(|word| word.replace("{bin}", &programs)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_is_there_if_its_package_and_program_are() {
        let text = "[[driver]]\nname = 'rust'\npackage = 'Cargo.toml'\nprogram = 'src/none.rs'\n\
            command = ['{bin}/driver']\npairs = true\n";
        let entry = parse(text).unwrap().remove(0);
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(entry.missing(root).unwrap(), "there is no src/none.rs");
        assert_eq!(entry.words(Path::new("programs")), ["programs/driver"]);
        assert!(parse("[[driver]]\nname = 'rust'\n").is_err());
        parse(include_str!("../drivers.toml")).unwrap();
    }
}
