//! The place in the text, and the memory of what could have stood there.
//!
//! Every attempt to eat something that is not there leaves its name behind. When no attempt
//! succeeds, the names at that place are the expected set of the error, so the grammar is written
//! once, as code, and the errors follow from it.

use std::collections::BTreeSet;

use crate::error::{ParseError, ParseErrorKind, is_word};
use crate::limits::{ATOMS_MAX, DEPTH_MAX, SUB_QUERY_DEPTH_MAX};

/// Result of reading one construct.
pub(super) type Parsed<T> = Result<T, ParseError>;

/// A position in a query text. Cheap to ask, moves forward only.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    sub_queries: usize,
    mode: Mode,
    atoms: usize,
    tried_at: usize,
    tried: BTreeSet<&'static str>,
}

/// What the expression at the cursor is computed from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Each value by itself: there is a current one.
    Each,
    /// All values together: aggregators stand for them.
    All,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            sub_queries: 0,
            mode: Mode::Each,
            atoms: 0,
            tried_at: 0,
            tried: BTreeSet::new(),
        }
    }

    /// Bytes of the text before the cursor.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The text from the cursor on.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The character at the cursor.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Skips white space and comments, then returns the word at the cursor; empty if there is none.
    pub(super) fn peek_word(&mut self) -> &'a str {
        self.skip_blank();
        let rest = self.rest();
        &rest[..rest.find(|next| !is_word(next)).unwrap_or(rest.len())]
    }

    /// Skips white space and comments; true if there were any.
    pub(super) fn skip_blank(&mut self) -> bool {
        let start = self.at;
        loop {
            self.take_while(char::is_whitespace);
            if !self.rest().starts_with("--") {
                return self.at > start;
            }
            self.take_while(|next| next != '\n' && next != '\r');
        }
    }

    /// Skips blanks, then eats one of the spellings of a symbol.
    pub(super) fn eat(&mut self, spellings: &[&str], name: &'static str) -> bool {
        self.skip_blank();
        self.eat_here(spellings, name)
    }

    /// Eats one of the spellings of a symbol exactly at the cursor.
    pub(super) fn eat_here(&mut self, spellings: &[&str], name: &'static str) -> bool {
        let rest = self.rest();
        let Some(spelling) = spellings
            .iter()
            .find(|spelling| rest.starts_with(**spelling))
        else {
            self.tried(name);
            return false;
        };
        self.at += spelling.len();
        true
    }

    /// Skips blanks, then eats a word that is exactly `keyword`.
    pub(super) fn eat_keyword(&mut self, keyword: &'static str) -> bool {
        if self.peek_word() != keyword {
            self.tried(keyword);
            return false;
        }
        self.at += keyword.len();
        true
    }

    /// Like [`Cursor::eat`], but the symbol has to be there.
    pub(super) fn need(&mut self, spellings: &[&str], name: &'static str) -> Parsed<()> {
        if self.eat(spellings, name) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// Like [`Cursor::eat_here`], but the symbol has to be there.
    pub(super) fn need_here(&mut self, spelling: &'static str) -> Parsed<()> {
        if self.eat_here(&[spelling], spelling) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// Like [`Cursor::eat_keyword`], but the keyword has to be there.
    pub(super) fn need_keyword(&mut self, keyword: &'static str) -> Parsed<()> {
        if self.eat_keyword(keyword) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// Takes the longest run of characters that `is_part` accepts; may be empty.
    pub(super) fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.find(|next| !is_part(next)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    /// Takes the next character whatever it is.
    pub(super) fn take_char(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Remembers that `name` could have stood at the cursor.
    pub(super) fn tried(&mut self, name: &'static str) {
        if self.tried_at != self.at {
            self.tried_at = self.at;
            self.tried.clear();
        }
        self.tried.insert(name);
    }

    /// The error that none of what was tried at the cursor is there.
    pub(super) fn unexpected(&self) -> ParseError {
        debug_assert_eq!(
            self.tried_at, self.at,
            "an error needs something that was tried"
        );
        self.error(ParseErrorKind::Unexpected, self.at, self.tried.clone())
    }

    /// The error that `name` had to stand at `offset`, before the cursor.
    pub(super) fn not_a(&self, name: &'static str, offset: usize) -> ParseError {
        self.error(ParseErrorKind::Unexpected, offset, BTreeSet::from([name]))
    }

    /// An error of another kind at `offset`.
    pub(super) fn refuse(&self, kind: ParseErrorKind, offset: usize) -> ParseError {
        self.error(kind, offset, BTreeSet::new())
    }

    fn error(
        &self,
        kind: ParseErrorKind,
        offset: usize,
        expected: BTreeSet<&'static str>,
    ) -> ParseError {
        ParseError::new(kind, self.text, offset, expected)
    }

    /// Reads something nested one level deeper. All recursion of the parser goes through here.
    pub(super) fn descend<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH_MAX {
            return Err(self.refuse(ParseErrorKind::TooDeep, self.at));
        }
        self.depth += 1;
        let value = inner(self);
        self.depth -= 1;
        value
    }

    /// Reads a sub-query, of which each has a price.
    pub(super) fn descend_query<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        if self.sub_queries == SUB_QUERY_DEPTH_MAX {
            return Err(self.refuse(ParseErrorKind::TooManySubQueries, self.at));
        }
        self.sub_queries += 1;
        let value = self.descend(inner);
        self.sub_queries -= 1;
        value
    }

    /// What the expression at the cursor is computed from.
    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    /// Reads something that is computed from something else.
    pub(super) fn within<T>(
        &mut self,
        mode: Mode,
        inner: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        let outside = std::mem::replace(&mut self.mode, mode);
        let value = inner(self);
        self.mode = outside;
        value
    }

    /// Counts one more atom, which starts at the cursor.
    pub(super) fn count_atom(&mut self) -> Parsed<()> {
        self.skip_blank();
        if self.atoms == ATOMS_MAX {
            return Err(self.refuse(ParseErrorKind::TooManyAtoms, self.at));
        }
        self.atoms += 1;
        Ok(())
    }
}
