//! Points in time: `2021-07-20T09:53:07.462+02:00` and `5m ago`.

use super::cursor::{Cursor, Parsed};
use super::literal::{natural, parameter};
use crate::calendar::{Civil, Clock};
use crate::error::ParseErrorKind;
use crate::syntax::{TimePoint, TimeUnit};

/// The time that a text in the form of a query's times stands for, in microseconds since 1970;
/// nothing if it is anything else. Not only queries have such texts.
#[must_use]
pub fn parse_time(text: &str) -> Option<i64> {
    let mut cursor = Cursor::new(text);
    let time_us = date(&mut cursor).ok()?;
    cursor.rest().is_empty().then_some(time_us)
}

/// A date, a duration before now, or a parameter.
pub(super) fn time_point(cursor: &mut Cursor<'_>) -> Parsed<TimePoint> {
    cursor.skip_blank();
    if is_date(cursor) {
        return Ok(TimePoint::At(date(cursor)?));
    }
    cursor.tried("date");
    if cursor.peek() == Some('$') {
        return Ok(TimePoint::Parameter(parameter(cursor)?));
    }
    ago(cursor)
}

/// Whether a date is at the cursor; a lone number never has a dash and a digit after it.
pub(super) fn is_date(cursor: &Cursor<'_>) -> bool {
    let digit = |at: usize| {
        cursor
            .rest()
            .as_bytes()
            .get(at)
            .is_some_and(u8::is_ascii_digit)
    };
    let dash = cursor.rest().as_bytes().get(4) == Some(&b'-');
    (0..4).all(digit) && dash && digit(5)
}

fn ago(cursor: &mut Cursor<'_>) -> Parsed<TimePoint> {
    let amount = natural(cursor, "duration", u64::MAX)?;
    let name = "unit (Y M W D h m s)";
    let unit = TimeUnit::ALL
        .into_iter()
        .find(|unit| cursor.eat_here(&[unit.letter()], name));
    let unit = unit.ok_or_else(|| cursor.unexpected())?;
    if !cursor.skip_blank() {
        cursor.tried("white space");
        return Err(cursor.unexpected());
    }
    cursor.need_keyword("ago")?;
    Ok(TimePoint::Ago { amount, unit })
}

/// A date with optional time of day and mandatory zone, as microseconds since 1970.
pub(super) fn date(cursor: &mut Cursor<'_>) -> Parsed<i64> {
    let start = cursor.at();
    let year = digits(cursor, 4)?;
    cursor.need_here("-")?;
    let month = digits(cursor, 2)?;
    cursor.need_here("-")?;
    let day = digits(cursor, 2)?;
    let clock = if cursor.eat_here(&["T"], "T") {
        clock(cursor)?
    } else {
        Clock::default()
    };
    let zone_minutes = zone(cursor, start)?;
    let civil = Civil {
        year: i64::from(year),
        month,
        day,
        clock,
    };
    let time = civil.to_us(zone_minutes);
    time.ok_or_else(|| cursor.refuse(ParseErrorKind::NoSuchTime, start))
}

/// `HH:MM[:SS[.fff]]`.
fn clock(cursor: &mut Cursor<'_>) -> Parsed<Clock> {
    let hour = digits(cursor, 2)?;
    cursor.need_here(":")?;
    let minute = digits(cursor, 2)?;
    let mut clock = Clock {
        hour,
        minute,
        ..Clock::default()
    };
    if cursor.eat_here(&[":"], ":") {
        clock.second = digits(cursor, 2)?;
        if cursor.eat_here(&["."], ".") {
            clock.microsecond = fraction(cursor)?;
        }
    }
    Ok(clock)
}

/// Milli-, micro- or nanoseconds as whole microseconds; what is finer is cut off.
fn fraction(cursor: &mut Cursor<'_>) -> Parsed<u32> {
    let start = cursor.at();
    let text = cursor.take_while(|next| next.is_ascii_digit());
    if !matches!(text.len(), 3 | 6 | 9) {
        return Err(cursor.not_a("3, 6 or 9 digits", start));
    }
    Ok(text.bytes().chain(*b"000").take(6).fold(0, push_digit))
}

/// `Z` or `+HH:MM`, as minutes ahead of UTC.
fn zone(cursor: &mut Cursor<'_>, start: usize) -> Parsed<i64> {
    if cursor.eat_here(&["Z"], "Z") {
        return Ok(0);
    }
    let is_east = cursor.eat_here(&["+"], "+");
    if !is_east {
        cursor.need_here("-")?;
    }
    let hours = digits(cursor, 2)?;
    cursor.need_here(":")?;
    let minutes = digits(cursor, 2)?;
    if hours > 23 || minutes > 59 {
        return Err(cursor.refuse(ParseErrorKind::NoSuchTime, start));
    }
    let ahead = i64::from(hours * 60 + minutes);
    Ok(if is_east { ahead } else { -ahead })
}

/// Exactly `count` digits, at most 4.
fn digits(cursor: &mut Cursor<'_>, count: usize) -> Parsed<u32> {
    let name = if count == 4 {
        "four digits"
    } else {
        "two digits"
    };
    let start = cursor.at();
    let text = cursor
        .rest()
        .get(..count)
        .filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let text = text.ok_or_else(|| cursor.not_a(name, start))?;
    for _ in 0..count {
        cursor.take_char();
    }
    Ok(text.bytes().fold(0, push_digit))
}

fn push_digit(number: u32, digit: u8) -> u32 {
    number * 10 + u32::from(digit - b'0')
}
