//! How the rows of a command are shown to people.

use super::column::{Column, printable};
use super::fields::Fields;

/// How rows are shown when neither JSON nor CSV is wanted.
#[derive(Clone, Copy)]
pub(crate) enum Layout {
    /// Rows below each other; columns of which a page has no value are left out.
    Table(&'static [Column]),
    /// Each row as a list of its fields.
    Card,
    /// Each row as a text of its own.
    Text(fn(&Fields) -> String),
}

/// A row as a list of its fields, those that say something.
pub(super) fn card(row: &Fields) -> String {
    let names = row.iter().map(|(name, _)| name);
    let said: Vec<(String, String)> = names
        .map(|name| (title(name), printable(&row.text(name))))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let width = said.iter().map(|(title, _)| title.len()).max();
    let width = width.unwrap_or_default();
    let lines = said
        .iter()
        .map(|(title, text)| format!("{title:width$}  {text}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// `isIssuer` as `is issuer`.
fn title(name: &str) -> String {
    let mut title = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() {
            title.push(' ');
        }
        title.extend(letter.to_lowercase());
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_leaves_out_what_says_nothing() {
        let row = r#"{"rootKey":"k","swarm":null,"n":3,"none":[]}"#;
        let row = serde_json::from_str(row).unwrap();
        assert_eq!(card(&row), "root key  k\nn         3");
    }
}
