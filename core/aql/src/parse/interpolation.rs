//! Interpolated strings: text between backticks with values and character codes in braces.

use super::cursor::{Cursor, Parsed};
use super::expr::expr;
use crate::error::ParseErrorKind;
use crate::syntax::Piece;

/// The pieces of the string at the cursor, which stands at its backtick.
pub(super) fn interpolation(cursor: &mut Cursor<'_>) -> Parsed<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    cursor.need_here("`")?;
    loop {
        text.push_str(cursor.take_while(|next| next != '`' && next != '{'));
        match cursor.take_char() {
            Some('{') if cursor.rest().starts_with("U+") => text.push(character(cursor)?),
            Some('{') => {
                finish(&mut pieces, &mut text);
                pieces.push(Piece::Value(cursor.descend(expr)?));
                cursor.need(&["}"], "}")?;
            }
            Some(_) => {
                finish(&mut pieces, &mut text);
                return Ok(pieces);
            }
            None => {
                cursor.tried("closing `");
                return Err(cursor.unexpected());
            }
        }
    }
}

/// Puts the text so far behind the pieces.
fn finish(pieces: &mut Vec<Piece>, text: &mut String) {
    if !text.is_empty() {
        pieces.push(Piece::Text(std::mem::take(text).into()));
    }
}

/// `U+XXXX}`, up to six digits.
fn character(cursor: &mut Cursor<'_>) -> Parsed<char> {
    cursor.need_here("U+")?;
    let start = cursor.at();
    let digits = cursor.take_while(|next| next.is_ascii_hexdigit());
    if digits.is_empty() || digits.len() > 6 {
        return Err(cursor.not_a("one to six hexadecimal digits", start));
    }
    let code = u32::from_str_radix(digits, 16).ok();
    let character = code.and_then(char::from_u32);
    let character =
        character.ok_or_else(|| cursor.refuse(ParseErrorKind::NoSuchCharacter, start))?;
    cursor.need_here("}")?;
    Ok(character)
}
