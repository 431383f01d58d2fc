//! A payload as JSON. What JSON does not know has a spelling of its own, so nothing is lost:
//!
//! | value | spelling |
//! |---|---|
//! | bytes | `{"$b": "base64"}` |
//! | an integer beyond 2^53 - 1 | `{"$i": "decimal"}` |
//! | infinities, not-a-number | `{"$f": "Infinity"}` |
//! | a key that begins with `$` | with one more `$` before it |
//! | a key that is no text | `$k` and the key as JSON |
//!
//! The writer says whether there is any of that: only then the front has to look at the value.
//! The engine bounds the depth, so this may recurse.

use std::io::Write;

use data_encoding::BASE64;
use swarmlet_facade::{Item, PayloadReader, Result};

use crate::json;

/// The greatest integer that is exact in JavaScript.
const SAFE_MAX: i128 = (1 << 53) - 1;

/// Appends well-formed CBOR as JSON; true if it has values or keys with a spelling of their own.
pub(crate) fn push(out: &mut Vec<u8>, cbor: &[u8]) -> Result<bool> {
    let mut writer = Writer {
        out,
        reader: PayloadReader::new(cbor),
        is_special: false,
    };
    let item = writer.reader.item()?;
    writer.value(item)?;
    Ok(writer.is_special)
}

struct Writer<'o, 'a> {
    out: &'o mut Vec<u8>,
    reader: PayloadReader<'a>,
    is_special: bool,
}

impl<'a> Writer<'_, 'a> {
    fn value(&mut self, item: Item<'a>) -> Result<()> {
        match item {
            Item::Null | Item::Break => self.out.extend_from_slice(b"null"),
            Item::Bool(value) => json::push(self.out, &value),
            Item::Integer(value) => self.integer(value),
            Item::Float(value) => self.float(value),
            Item::Text(value) => json::push(self.out, value),
            Item::LongText(value) => json::push(self.out, &value),
            Item::Bytes(value) => self.bytes(value),
            Item::LongBytes(value) => self.bytes(&value),
            Item::List(len) => self.list(len)?,
            Item::Map(len) => self.map(len)?,
        }
        Ok(())
    }

    fn integer(&mut self, value: i128) {
        if value.abs() <= SAFE_MAX {
            self.write(format_args!("{value}"));
        } else {
            self.special("$i", format_args!("{value}"));
        }
    }

    fn float(&mut self, value: f64) {
        if value.is_finite() {
            json::push(self.out, &value);
        } else if value.is_nan() {
            self.special("$f", format_args!("NaN"));
        } else {
            let sign = if value < 0.0 { "-" } else { "" };
            self.special("$f", format_args!("{sign}Infinity"));
        }
    }

    fn bytes(&mut self, value: &[u8]) {
        self.special("$b", format_args!("{}", BASE64.encode_display(value)));
    }

    fn list(&mut self, len: Option<u64>) -> Result<()> {
        let mut left = len;
        self.out.push(b'[');
        while let Some(item) = self.reader.next_of(&mut left)? {
            self.value(item)?;
            self.out.push(b',');
        }
        self.close(b']');
        Ok(())
    }

    fn map(&mut self, len: Option<u64>) -> Result<()> {
        let mut left = len;
        self.out.push(b'{');
        while let Some(key) = self.reader.next_of(&mut left)? {
            self.key(key)?;
            self.out.push(b':');
            let item = self.reader.item()?;
            self.value(item)?;
            self.out.push(b',');
        }
        self.close(b'}');
        Ok(())
    }

    fn key(&mut self, key: Item<'a>) -> Result<()> {
        match key {
            Item::Text(name) if name.starts_with('$') => self.special_key("$", name),
            Item::Text(name) => json::push(self.out, name),
            Item::LongText(name) => {
                let mark = if name.starts_with('$') { "$" } else { "" };
                self.special_key(mark, &name);
            }
            other => {
                let before = self.out.len();
                self.value(other)?;
                let spelt = json::finish(self.out.split_off(before));
                self.special_key("$k", &spelt);
            }
        }
        Ok(())
    }

    fn special_key(&mut self, mark: &str, name: &str) {
        self.is_special = true;
        json::push(self.out, &[mark, name].concat());
    }

    fn special(&mut self, mark: &str, text: std::fmt::Arguments<'_>) {
        self.is_special = true;
        self.write(format_args!("{{\"{mark}\":\"{text}\"}}"));
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.out
            .write_fmt(text)
            .expect("writing to a vector cannot fail");
    }

    /// The end of a list or map, in place of the comma behind its last item.
    fn close(&mut self, end: u8) {
        if self.out.last() == Some(&b',') {
            self.out.pop();
        }
        self.out.push(end);
    }
}
