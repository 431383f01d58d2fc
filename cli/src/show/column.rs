//! How one value of a row is shown to people.

use std::time::{Duration, UNIX_EPOCH};

use super::fields::Fields;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) field: &'static str,
    pub(crate) title: &'static str,
    pub(crate) shown: Shown,
}

/// How a value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// As it is, in one line.
    Plain,
    /// As it is, folded where the terminal is narrow.
    Text,
    /// As it is, flush right.
    Number,
    /// A size for people, flush right.
    Bytes,
    /// A time, in microseconds since 1970.
    Micros,
    /// A time, in seconds since 1970.
    Seconds,
    /// `yes`, or nothing.
    Flag,
}

impl Column {
    pub(crate) const fn new(field: &'static str, title: &'static str, shown: Shown) -> Self {
        Self {
            field,
            title,
            shown,
        }
    }

    pub(super) fn is_foldable(&self) -> bool {
        self.shown == Shown::Text
    }

    pub(super) fn is_right(&self) -> bool {
        matches!(self.shown, Shown::Number | Shown::Bytes)
    }

    /// The text of the value in a row; empty if there is none. Control characters are escaped, so
    /// that what somebody published cannot command the terminal.
    pub(super) fn text(&self, row: &Fields) -> String {
        let text = row.text(self.field);
        let text = match self.shown {
            Shown::Plain | Shown::Text | Shown::Number => text,
            Shown::Bytes => text.parse().map(bytes).unwrap_or(text),
            Shown::Micros => text.parse().map(time).unwrap_or(text),
            Shown::Seconds => match text.parse::<i64>() {
                Ok(seconds) => time(seconds.saturating_mul(1_000_000)),
                Err(_) => text,
            },
            Shown::Flag => match row.is(self.field) {
                true => "yes".to_owned(),
                false => String::new(),
            },
        };
        printable(&text)
    }
}

/// A text without anything that a terminal would obey.
pub(crate) fn printable(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    let escaped = |letter: char| match letter.is_control() {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// A time in UTC, as RFC 3339 has it.
pub(crate) fn time(micros: i64) -> String {
    let since = Duration::from_micros(micros.unsigned_abs());
    let moment = match micros >= 0 {
        true => UNIX_EPOCH.checked_add(since),
        false => UNIX_EPOCH.checked_sub(since),
    };
    // Beyond the year 9999, and before 1970, there is no such text.
    match moment.filter(|_| (0..=LATEST_MICROS).contains(&micros)) {
        Some(moment) => humantime::format_rfc3339_micros(moment).to_string(),
        None => format!("{micros} us"),
    }
}

/// The end of the year 9999.
const LATEST_MICROS: i64 = 253_402_300_799_999_999;

/// A size for people.
pub(crate) fn bytes(count: u64) -> String {
    indicatif::BinaryBytes(count).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(shown: Shown, value: &str) -> String {
        let row = serde_json::from_str(&format!("{{\"a\":{value}}}")).unwrap();
        Column::new("a", "A", shown).text(&row)
    }

    #[test]
    fn values_are_shown_as_people_read_them() {
        assert_eq!(shown(Shown::Bytes, "1536"), "1.50 KiB");
        assert_eq!(shown(Shown::Micros, "1"), "1970-01-01T00:00:00.000001Z");
        assert_eq!(shown(Shown::Seconds, "60"), "1970-01-01T00:01:00.000000Z");
        assert_eq!(shown(Shown::Micros, "-5"), "-5 us");
        let latest = LATEST_MICROS.to_string();
        assert_eq!(shown(Shown::Micros, &latest), "9999-12-31T23:59:59.999999Z");
        let max = i64::MAX.to_string();
        assert_eq!(shown(Shown::Micros, &max), format!("{max} us"));
        assert_eq!(shown(Shown::Flag, "true"), "yes");
        assert_eq!(shown(Shown::Flag, "false"), "");
    }

    #[test]
    fn nothing_that_was_published_commands_the_terminal() {
        assert_eq!(shown(Shown::Plain, r#""a\u001b[2Jb\n""#), r"a\u{1b}[2Jb\n");
    }
}
