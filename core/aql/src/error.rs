//! What is wrong with a query text, and where.
//!
//! An error carries everything that is needed to show it, so it outlives the text. It never
//! quotes more than a bounded piece of that text. Made by `parse` only.

use std::collections::BTreeSet;
use std::fmt;

use crate::limits::{
    ATOMS_MAX, DEPTH_MAX, EXCERPT_CHARS_MAX, FOUND_CHARS_MAX, STAGES_MAX, SUB_QUERY_DEPTH_MAX,
    TEXT_BYTES_MAX,
};

/// A query text that cannot be understood: what is wrong, where, and what would have been right.
///
/// `Display` is one line; [`ParseError::caret_view`] shows the place in the text.
#[derive(Clone, PartialEq, Eq)]
pub struct ParseError(Box<Details>);

#[derive(Clone, PartialEq, Eq)]
struct Details {
    kind: ParseErrorKind,
    offset: usize,
    line: usize,
    column: usize,
    found: String,
    expected: BTreeSet<&'static str>,
    excerpt: String,
    excerpt_column: usize,
}

/// The sorts of mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Something else stands where one of [`ParseError::expected`] has to stand.
    Unexpected,
    /// An aggregator where nothing is aggregated.
    AggregatorOutside,
    /// `_` in `AGGREGATE`, outside of its aggregators, where there is no current value.
    NoCurrentValue,
    /// The text is longer than [`TEXT_BYTES_MAX`].
    TooLong,
    /// More than [`DEPTH_MAX`] constructs are open at once.
    TooDeep,
    /// More than [`ATOMS_MAX`] atoms.
    TooManyAtoms,
    /// More than [`STAGES_MAX`] stages.
    TooManyStages,
    /// More than [`SUB_QUERY_DEPTH_MAX`] sub-queries inside each other.
    TooManySubQueries,
    /// A number above the greatest one that is allowed in its place.
    NumberTooLarge(u64),
    /// An integer that is too small, or a number with a decimal point that is too large.
    NumberOutOfRange,
    /// A code that no character has.
    NoSuchCharacter,
    /// A date or time of day that does not exist, or is outside the years 0000 to 9999.
    NoSuchTime,
}

impl ParseError {
    pub(crate) fn new(
        kind: ParseErrorKind,
        text: &str,
        offset: usize,
        expected: BTreeSet<&'static str>,
    ) -> Self {
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before[line_start..].chars().count() + 1;
        let (excerpt, excerpt_column) = excerpt(&text[line_start..], column);
        Self(Box::new(Details {
            kind,
            offset,
            line: before.matches('\n').count() + 1,
            column,
            found: found(&text[offset..]),
            expected,
            excerpt,
            excerpt_column,
        }))
    }

    /// What sort of mistake it is.
    #[must_use]
    pub fn kind(&self) -> ParseErrorKind {
        self.0.kind
    }

    /// Bytes of the text before the mistake.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// The line of the mistake, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// The column of the mistake in characters, counted from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.0.column
    }

    /// What stands there, in backticks, or `end of query`.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.0.found
    }

    /// What could have stood there; empty unless the kind is [`ParseErrorKind::Unexpected`].
    #[must_use]
    pub fn expected(&self) -> &BTreeSet<&'static str> {
        &self.0.expected
    }

    /// The line of the text with a caret under the mistake, for terminals and editors.
    ///
    /// Six lines, without a line break after the last. A long line is shown in part.
    #[must_use]
    pub fn caret_view(&self) -> String {
        let number = self.0.line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(self.0.excerpt_column - 1);
        format!(
            "{margin}--> {number}:{column}\n{margin} |\n{number} | {excerpt}\n\
             {margin} | {indent}^---\n{margin} |\n{margin} = {message}",
            column = self.0.column,
            excerpt = self.0.excerpt,
            message = self.message(),
        )
    }

    fn message(&self) -> String {
        match self.0.kind {
            ParseErrorKind::Unexpected => {
                format!(
                    "expected {}, found {}",
                    alternatives(&self.0.expected),
                    self.0.found
                )
            }
            ParseErrorKind::AggregatorOutside => {
                "aggregators are only valid in AGGREGATE clauses".to_owned()
            }
            ParseErrorKind::NoCurrentValue => {
                "current value _ not available in AGGREGATE clauses".to_owned()
            }
            ParseErrorKind::TooLong => format!("the query is longer than {TEXT_BYTES_MAX} bytes"),
            ParseErrorKind::TooDeep => format!("nested deeper than {DEPTH_MAX} levels"),
            ParseErrorKind::TooManyAtoms => format!("more than {ATOMS_MAX} tags and conditions"),
            ParseErrorKind::TooManyStages => format!("more than {STAGES_MAX} stages"),
            ParseErrorKind::TooManySubQueries => {
                format!("more than {SUB_QUERY_DEPTH_MAX} sub-queries inside each other")
            }
            ParseErrorKind::NumberOutOfRange => {
                format!("the number {} is out of range", self.0.found)
            }
            ParseErrorKind::NoSuchCharacter => {
                format!("there is no character with the code {}", self.0.found)
            }
            ParseErrorKind::NumberTooLarge(max) => {
                format!("the number {} is above {max}", self.0.found)
            }
            ParseErrorKind::NoSuchTime => format!("there is no such time as {}", self.0.found),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "line {}, column {}: {}",
            self.0.line,
            self.0.column,
            self.message()
        )
    }
}

impl fmt::Debug for ParseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ParseError({self})")
    }
}

impl std::error::Error for ParseError {}

/// `a`, `a or b`, `a, b or c`.
fn alternatives(names: &BTreeSet<&'static str>) -> String {
    let names: Vec<&str> = names.iter().copied().collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        [init @ .., last] => format!("{} or {last}", init.join(", ")),
    }
}

/// The token at the start of `rest`, shortened, on one line.
fn found(rest: &str) -> String {
    let Some(first) = rest.chars().next() else {
        return "end of query".to_owned();
    };
    let len = token_len(rest, first);
    let mut shown: String = rest[..len]
        .chars()
        .take(FOUND_CHARS_MAX)
        .map(printable)
        .collect();
    if rest[..len].chars().count() > FOUND_CHARS_MAX {
        shown.push_str("...");
    }
    format!("`{shown}`")
}

fn token_len(rest: &str, first: char) -> usize {
    let after = &rest[first.len_utf8()..];
    let more = match first {
        '\'' | '"' => after
            .find(first)
            .map_or(after.len(), |at| at + first.len_utf8()),
        _ if first.is_ascii_digit() || is_minus(first, after) => {
            after.find(is_outside_number).unwrap_or(after.len())
        }
        _ if is_word(first) => after.find(|next| !is_word(next)).unwrap_or(after.len()),
        _ => 0,
    };
    first.len_utf8() + more
}

/// A minus that belongs to a number.
fn is_minus(first: char, after: &str) -> bool {
    first == '-' && after.starts_with(|next: char| next.is_ascii_digit())
}

/// Words are what keywords and identifiers are made of.
pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Numbers in an error are shown with the date, time and unit that hang on them.
fn is_outside_number(character: char) -> bool {
    !is_word(character) && !matches!(character, '-' | '+' | ':' | '.')
}

fn printable(character: char) -> char {
    if character.is_control() || character.is_whitespace() {
        ' '
    } else {
        character
    }
}

/// The piece of the line around `column`, and the column of the mistake in that piece.
fn excerpt(line_on: &str, column: usize) -> (String, usize) {
    let skipped = column.saturating_sub(EXCERPT_CHARS_MAX * 3 / 4);
    let line = line_on.split('\n').next().unwrap_or_default();
    let shown: String = line
        .chars()
        .skip(skipped)
        .take(EXCERPT_CHARS_MAX)
        .map(printable)
        .collect();
    (shown.trim_end().to_owned(), column - skipped)
}
