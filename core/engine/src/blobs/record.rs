//! Records: the events that tell of blobs.
//!
//! Whoever stores a blob publishes its record, signed like every event. The record says what the
//! blob is, who is to hold it and how long; whoever may read the stream of a record may fetch its
//! blob. Another event says that a blob is deleted. Parsed once, here: what is neither is an event
//! like any other.

use std::collections::BTreeSet;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::id::BlobId;
use super::name::{BlobName, MediaType};
use super::piece::BlobSize;
use super::policy::{Hold, Keep};
use crate::error::Result;
use crate::event::{Event, EventKey, Lamport, Offset, Payload, Tag, Tags};

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
    /// How long.
    pub keep: Keep,
    /// The collection that it is a file of; it is kept as long as that.
    pub of: Option<BlobId>,
}

/// What an event says that takes records of a blob back: those that it names, if they are its
/// author's own, or he has the right `admin` on their streams. Of others he knew nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobDeletion {
    /// Which blob.
    pub id: BlobId,
    /// Where its records are.
    pub records: BTreeSet<EventKey>,
}

impl BlobRecord {
    /// The tag of every record.
    pub const TAG: &str = "blob";
    /// What the tag of a name begins with.
    const NAME_TAG: &str = "blob-name:";

    /// The tag that the records of a blob have.
    #[must_use]
    pub fn tag_of(id: BlobId) -> Tag {
        Tag::new(&format!("{}:{id}", Self::TAG)).expect("hex digits make a tag")
    }

    /// The tag that records of blobs of this name have.
    #[must_use]
    pub fn tag_of_name(name: &BlobName) -> Tag {
        Tag::new(&format!("{}{}", Self::NAME_TAG, name.as_str()))
            .expect("names are short and not empty")
    }

    /// The tags of the event: those of a record and `others`.
    ///
    /// # Errors
    ///
    /// `invalid_argument` if there are too many.
    pub fn tags(&self, others: &Tags) -> Result<Tags> {
        let own = Self::tag_of(self.id);
        let name = self.name.as_ref().map(Self::tag_of_name);
        let own = [Self::TAG, own.as_str()].into_iter();
        Tags::new(
            others
                .iter()
                .chain(own)
                .chain(name.as_ref().map(Tag::as_str)),
        )
    }

    /// The tags of the record that ends this one, if it is kept until the next.
    #[must_use]
    pub fn tags_of_next(&self) -> Option<Tags> {
        let Keep::UntilNext(tags) = &self.keep else {
            return None;
        };
        match (tags.is_empty(), &self.name) {
            (false, _) => Some(tags.clone()),
            (true, Some(name)) => Tags::from_tags(vec![Self::tag_of_name(name)]).ok(),
            // Nothing says which the next would be.
            (true, None) => None,
        }
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
            name: self.name.as_ref().map(|name| name.as_str().to_owned()),
            media_type: self
                .media_type
                .as_ref()
                .map(|kind| kind.as_str().to_owned()),
            hold: Some(Said::Known(self.hold.clone())),
            of: self.of.map(|collection| collection.to_string()),
            keep: (self.keep != Keep::Forever).then(|| Said::Known(self.keep.clone())),
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
            // What a later version says otherwise, nobody holds because of it, and nobody removes.
            hold: known(fields.hold).unwrap_or(Hold::OnDemand),
            keep: known(fields.keep).unwrap_or(Keep::Forever),
            of: fields.of.map(|text| text.parse()).transpose().ok()?,
        })
    }
}

impl BlobDeletion {
    /// The tag of every deletion.
    pub const TAG: &str = "blob-deleted";

    /// The tags of the event: its own, and `record`, those of the record, so that it goes the way
    /// that went.
    ///
    /// # Errors
    ///
    /// `invalid_argument` if there are too many.
    pub fn tags(record: &Tags) -> Result<Tags> {
        Tags::new(record.iter().chain([Self::TAG]))
    }

    /// The payload of the event.
    ///
    /// # Errors
    ///
    /// None that a deletion can cause.
    pub fn payload(&self) -> Result<Payload> {
        let key = |key: &EventKey| {
            let (lamport, offset) = (key.lamport.get(), key.offset.get());
            (lamport, key.stream.to_string(), offset)
        };
        Payload::from_serde(&DeletionFields {
            deleted: self.id.to_string(),
            records: self.records.iter().map(key).collect(),
        })
    }

    /// Reads an event; `None` if it is no deletion.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let tags = event.tags();
        if !tags.contains(Self::TAG) {
            return None;
        }
        let fields: DeletionFields = event.payload().to_serde().ok()?;
        let id = fields.deleted.parse().ok()?;
        let key = |(lamport, stream, offset): (u64, String, u64)| {
            Some(EventKey {
                lamport: Lamport::new(lamport).ok()?,
                stream: stream.parse().ok()?,
                offset: Offset::new(offset).ok()?,
            })
        };
        let records = fields.records.into_iter().map(key).collect::<Option<_>>()?;
        tags.contains(BlobRecord::tag_of(id).as_str())
            .then_some(Self { id, records })
    }
}

fn known<T>(said: Option<Said<T>>) -> Option<T> {
    match said {
        Some(Said::Known(known)) => Some(known),
        Some(Said::Other(_)) | None => None,
    }
}

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
    hold: Option<Said<Hold>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep: Option<Said<Keep>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<String>,
}

/// A policy of this version, or one of another.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Said<T> {
    Known(T),
    #[serde(skip_serializing)]
    Other(IgnoredAny),
}

/// A deletion as its payload has it.
#[derive(Serialize, Deserialize)]
struct DeletionFields {
    deleted: String,
    records: Vec<(u64, String, u64)>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::event::{AppId, Content, NodeId, StreamId, StreamNumber, Timestamp};

    fn record() -> BlobRecord {
        BlobRecord {
            id: BlobId::of(b"x"),
            size: BlobSize::new(1).unwrap(),
            name: Some(BlobName::new("drawing 7.png").unwrap()),
            media_type: Some(MediaType::new("image/png").unwrap()),
            hold: Hold::Everyone,
            keep: Keep::Forever,
            of: None,
        }
    }

    fn parsed(fields: &Value) -> Option<BlobRecord> {
        BlobRecord::parse(&Payload::from_serde(fields).unwrap())
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let bare = BlobRecord {
            of: Some(BlobId::of(b"all")),
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
            ("of", json!("all")),
        ] {
            let mut record = fine.clone();
            record[field] = value;
            assert_eq!(parsed(&record), None, "{record}");
        }
        assert_eq!(parsed(&json!("blob")), None);
        let mut later = fine;
        later["hold"] = json!({"devices": ["a"]});
        later["keep"] = json!(["a day"]);
        let later = parsed(&later).unwrap();
        assert_eq!((later.hold, later.keep), (Hold::OnDemand, Keep::Forever));
    }

    fn event(tags: Tags, payload: &Payload) -> Event {
        let key = EventKey {
            lamport: Lamport::ZERO,
            stream: StreamId::new(NodeId::from_bytes([1; 32]), StreamNumber::default()),
            offset: Offset::ZERO,
        };
        let app_id = AppId::new("com.example.app").unwrap();
        let content = Content::new(&tags, payload);
        Event::new(key, Timestamp::from_micros(0), app_id, content)
    }

    #[test]
    fn an_event_is_a_record_or_a_deletion_by_its_tags_too() {
        let (record, others) = (record(), Tags::new(["press:7"]).unwrap());
        let payload = record.payload().unwrap();
        let tags = record.tags(&others).unwrap();
        assert!(tags.contains("press:7"));
        assert!(tags.contains("blob-name:drawing 7.png"));
        assert!(BlobRecord::of(&event(tags.clone(), &payload)).is_some());
        assert!(BlobRecord::of(&event(others, &payload)).is_none());
        let recorded = event(tags.clone(), &payload);
        let deletion = BlobDeletion {
            id: record.id,
            records: BTreeSet::from([recorded.key]),
        };
        let deleted = BlobDeletion::tags(&tags).unwrap();
        let gone = event(deleted, &deletion.payload().unwrap());
        assert_eq!(BlobDeletion::of(&gone), Some(deletion.clone()));
        assert_eq!(BlobRecord::of(&gone), None);
        assert!(gone.tags().contains("press:7"), "it takes the same way");
        let foreign = event(tags, &deletion.payload().unwrap());
        assert_eq!(BlobDeletion::of(&foreign), None);
    }

    #[test]
    fn the_next_is_known_by_its_tags_or_its_name() {
        let next = |keep: Keep| BlobRecord { keep, ..record() }.tags_of_next();
        let tags = Tags::new(["press:7"]).unwrap();
        assert_eq!(next(Keep::UntilNext(tags.clone())), Some(tags));
        let by_name = next(Keep::UntilNext(Tags::default())).unwrap();
        assert!(
            record()
                .tags(&Tags::default())
                .unwrap()
                .contains(by_name.iter().next().unwrap())
        );
        assert_eq!(next(Keep::Forever), None);
    }
}
