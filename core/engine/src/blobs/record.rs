//! Records: the events that tell of blobs.
//!
//! Whoever stores a blob publishes its record, signed like every event. The record says what the
//! blob is and who is to hold it; whoever may read the stream of a record may fetch its blob.
//! Parsed once, here: what is no record is an event like any other.

use serde::{Deserialize, Serialize};

use super::id::BlobId;
use super::limits::{BLOB_NAME_BYTES_MAX, MEDIA_TYPE_BYTES_MAX};
use super::piece::BlobSize;
use crate::error::{Error, Result};
use crate::event::{Event, Payload, Tag, Tags};

/// What an event says of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRecord {
    /// Which blob.
    pub id: BlobId,
    /// Its length.
    pub size: BlobSize,
    /// What people call it.
    pub name: Option<BlobName>,
    /// What kind of bytes it is.
    pub media_type: Option<MediaType>,
    /// Who is to hold it.
    pub hold: Hold,
}

/// A name for a blob that can be the name of a file anywhere: not empty, at most 255 bytes, no
/// folder and no way out of one, no control characters, nothing that Windows refuses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobName(String);

/// A media type as in RFC 6838, such as `image/png`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaType(String);

/// Who is to hold a blob beside its author.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// Every device that may read its record and holds blobs at all.
    #[default]
    Everyone,
    /// Whoever asks for it.
    OnDemand,
}

impl BlobRecord {
    /// The tag of every record.
    pub const TAG: &str = "blob";

    /// The tag that the records of a blob have.
    #[must_use]
    pub fn tag_of(id: BlobId) -> Tag {
        Tag::new(&format!("{}:{id}", Self::TAG)).expect("hex digits make a tag")
    }

    /// The tags of the event: those of a record and `others`.
    ///
    /// # Errors
    ///
    /// `invalid_argument` if there are too many.
    pub fn tags(&self, others: &Tags) -> Result<Tags> {
        let own = Self::tag_of(self.id);
        let others = others.iter().chain([Self::TAG, own.as_str()]);
        Tags::new(others)
    }

    /// The payload of the event.
    ///
    /// # Errors
    ///
    /// None that a record can cause.
    pub fn payload(&self) -> Result<Payload> {
        Payload::from_serde(&Fields {
            blob: self.id.to_string(),
            size: self.size.get(),
            name: self.name.as_ref().map(|name| name.0.clone()),
            media_type: self.media_type.as_ref().map(|kind| kind.0.clone()),
            hold: self.hold.as_str().to_owned(),
        })
    }

    /// Reads an event; `None` if it is no record: it has not both tags, or another payload.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let record = Self::parse(&event.payload())?;
        let tags = event.tags();
        let is_tagged = |tag: &str| tags.contains(tag);
        (is_tagged(Self::TAG) && is_tagged(Self::tag_of(record.id).as_str())).then_some(record)
    }

    /// Reads the payload of a record; `None` if it is none, or one that nobody should follow.
    #[must_use]
    pub fn parse(payload: &Payload) -> Option<Self> {
        let fields: Fields = payload.to_serde().ok()?;
        Some(Self {
            id: fields.blob.parse().ok()?,
            size: BlobSize::new(fields.size).ok()?,
            name: fields.name.map(BlobName::new).transpose().ok()?,
            media_type: fields.media_type.map(MediaType::new).transpose().ok()?,
            hold: Hold::parse(&fields.hold),
        })
    }
}

impl BlobName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for one that cannot be the name of a file.
    pub fn new(name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        let refused = |why| {
            let shown: String = name.chars().take(64).collect();
            Err(Error::invalid(why).with("name", shown.escape_debug()))
        };
        if name.is_empty() || name.len() > BLOB_NAME_BYTES_MAX {
            return refused("the name of a blob must have 1 to 255 bytes");
        }
        if name.contains(['/', '\\', ':']) || name.trim_matches('.').is_empty() {
            return refused("the name of a blob must be that of a file, without a folder");
        }
        let is_special = |one: char| one.is_control() || "<>\"|?*".contains(one);
        if name.chars().any(is_special) || name.ends_with(['.', ' ']) {
            return refused(
                "the name of a blob must not have characters that names of files cannot",
            );
        }
        let stem = name.split('.').next().unwrap_or_default().trim_end();
        if DEVICES
            .iter()
            .any(|device| stem.eq_ignore_ascii_case(device))
        {
            return refused("the name of a blob must not be that of a device of Windows");
        }
        Ok(Self(name))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl MediaType {
    /// Checks a media type.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for what is not one.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let is_named = |part: &str| !part.is_empty() && !part.contains('/');
        let has_parts = text
            .split_once('/')
            .is_some_and(|(kind, subtype)| is_named(kind) && is_named(subtype));
        let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if has_parts && is_plain && text.len() <= MEDIA_TYPE_BYTES_MAX {
            return Ok(Self(text));
        }
        let shown: String = text.chars().take(64).collect();
        Err(Error::invalid("not a media type, as image/png is").with("text", shown.escape_debug()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Hold {
    /// The word for it in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::OnDemand => "on_demand",
        }
    }

    /// What a later version says otherwise, nobody holds because of it.
    fn parse(text: &str) -> Self {
        match text {
            "everyone" => Self::Everyone,
            _ => Self::OnDemand,
        }
    }
}

/// Names that mean something else than a file on Windows, whatever follows after a dot.
const DEVICES: [&str; 22] = [
    "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8",
    "COM9", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
];

/// A record as its payload has it.
#[derive(Serialize, Deserialize)]
struct Fields {
    blob: String,
    size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(default)]
    hold: String,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn record() -> BlobRecord {
        BlobRecord {
            id: BlobId::of(b"x"),
            size: BlobSize::new(1).unwrap(),
            name: Some(BlobName::new("drawing 7.png").unwrap()),
            media_type: Some(MediaType::new("image/png").unwrap()),
            hold: Hold::Everyone,
        }
    }

    fn parsed(fields: &Value) -> Option<BlobRecord> {
        BlobRecord::parse(&Payload::from_serde(fields).unwrap())
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let bare = BlobRecord {
            name: None,
            media_type: None,
            hold: Hold::OnDemand,
            ..record()
        };
        for record in [record(), bare] {
            let payload = record.payload().unwrap();
            assert_eq!(BlobRecord::parse(&payload), Some(record));
        }
        let shown: Value = record().payload().unwrap().to_serde().unwrap();
        assert_eq!(shown["name"], "drawing 7.png");
        assert_eq!(shown["type"], "image/png");
    }

    #[test]
    fn what_is_no_record_is_none() {
        let id = BlobId::of(b"x").to_string();
        let fine = json!({"blob": id, "size": 1, "hold": "everyone"});
        assert!(parsed(&fine).is_some());
        for (field, value) in [
            ("blob", json!("../../etc/passwd")),
            ("blob", json!(7)),
            ("size", json!(-1)),
            ("size", json!(u64::MAX)),
            ("name", json!("../x")),
            ("type", json!("png")),
        ] {
            let mut record = fine.clone();
            record[field] = value;
            assert_eq!(parsed(&record), None, "{record}");
        }
        assert_eq!(parsed(&json!("blob")), None);
        let mut later = fine;
        later["hold"] = json!("three devices");
        assert_eq!(parsed(&later).unwrap().hold, Hold::OnDemand);
    }

    #[test]
    fn a_name_leads_nowhere() {
        for name in [
            "a",
            "console",
            "nul-1",
            ".hidden",
            "a..b",
            "M\u{fc}ller.pdf",
            &"a".repeat(255),
        ] {
            assert!(BlobName::new(name).is_ok(), "{name}");
        }
        let long = "a".repeat(256);
        for name in [
            "", ".", "..", "...", "a/b", "..\\x", "c:x", "a\0", "a\nb", "a?", "a|b", "a.", "a ",
            "nul", "Com1.txt", &long,
        ] {
            assert!(BlobName::new(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_media_type_has_two_parts() {
        for text in ["image/png", "text/plain; charset=utf-8", "a/b+c"] {
            assert!(MediaType::new(text).is_ok(), "{text}");
        }
        for text in ["", "png", "/png", "image/", "a/b/c", "a/\u{e9}", "a/b\n"] {
            assert!(MediaType::new(text).is_err(), "{text:?}");
        }
    }
}
