//! Policies: who holds a blob, and how long.
//!
//! A record says both. What a later version may say otherwise makes nobody hold a blob, and nobody
//! remove one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::BlobId;
use super::limits::{HOLD_COPIES_MAX, HOLD_LABEL_BYTES_MAX, HOLD_LABELS_MAX, KEEP_TAGS_MAX};
use crate::error::{Error, Result};
use crate::event::{NodeId, Tags, Timestamp};

/// Who is to hold a blob beside its author.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// Every device that may read its record and holds blobs at all.
    #[default]
    Everyone,
    /// Whoever asks for it.
    OnDemand,
    /// So many devices of those that may read its record.
    Copies(u16),
    /// The devices that may read its record and have all of these labels.
    Labels(BTreeMap<String, String>),
}

/// How long a blob is kept by those who hold it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Until it is deleted.
    #[default]
    Forever,
    /// Until this time, by the clock of each device.
    Until(Timestamp),
    /// Until there is a later record with all of these tags in a stream of the same name; without
    /// tags, one that has the same name.
    UntilNext(Tags),
    /// As long as there is an event with the tag `blob:<id>` that is no record of it.
    WhileReferenced,
}

impl Hold {
    /// Checks the bounds of what a user has said.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for no copies or too many, for no labels or too many, and for those that
    /// no device can have.
    pub fn check(self) -> Result<Self> {
        let is_legal = |text: &String| (1..=HOLD_LABEL_BYTES_MAX).contains(&text.len());
        match &self {
            Self::Copies(copies) if !(1..=HOLD_COPIES_MAX).contains(copies) => {
                let message = "a blob must be held by 1 to 4096 devices";
                Err(Error::invalid(message).with("copies", copies))
            }
            Self::Labels(labels) if !(1..=HOLD_LABELS_MAX).contains(&labels.len()) => {
                let message = "a blob must be held for 1 to 16 labels";
                Err(Error::invalid(message).with("labels", labels.len()))
            }
            Self::Labels(labels) if !labels.iter().all(|(k, v)| is_legal(k) && is_legal(v)) => {
                Err(Error::invalid("a label must have 1 to 64 bytes"))
            }
            _ => Ok(self),
        }
    }
}

impl Keep {
    /// Checks the bounds of what a user has said of a blob, which may have a name.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for too many tags, or for none if there is no name.
    pub fn check(self, has_name: bool) -> Result<Self> {
        if let Self::UntilNext(tags) = &self {
            if tags.is_empty() && !has_name {
                let message = "a blob kept until the next of its name must have a name";
                return Err(Error::invalid(message));
            }
            if tags.len() > KEEP_TAGS_MAX {
                let message = "a blob must be kept for at most 16 tags of the next";
                return Err(Error::invalid(message).with("tags", tags.len()));
            }
        }
        Ok(self)
    }
}

/// The devices of `candidates` that hold `copies` of a blob: everybody comes to the same, and a
/// candidate more or less changes one of them at most.
///
/// Highest random weight (Thaler and Ravishankar, 1998).
pub fn copy_holders(
    blob: BlobId,
    copies: u16,
    candidates: impl IntoIterator<Item = NodeId>,
) -> Vec<NodeId> {
    let weight = |node: NodeId| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(blob.as_bytes()).update(node.as_bytes());
        *hasher.finalize().as_bytes()
    };
    let mut weighed: Vec<_> = candidates
        .into_iter()
        .map(|node| (weight(node), node))
        .collect();
    weighed.sort_unstable_by(|one, other| other.cmp(one));
    weighed.truncate(copies.into());
    weighed.into_iter().map(|(_, node)| node).collect()
}

impl Serialize for Hold {
    fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Everyone => HoldForm::Word(HoldWord::Everyone),
            Self::OnDemand => HoldForm::Word(HoldWord::OnDemand),
            Self::Copies(copies) => HoldForm::Copies { copies: *copies },
            Self::Labels(labels) => HoldForm::Labels {
                labels: labels.clone(),
            },
        }
        .serialize(to)
    }
}

impl<'de> Deserialize<'de> for Hold {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let hold = match HoldForm::deserialize(from)? {
            HoldForm::Word(HoldWord::Everyone) => Self::Everyone,
            HoldForm::Word(HoldWord::OnDemand) => Self::OnDemand,
            HoldForm::Copies { copies } => Self::Copies(copies),
            HoldForm::Labels { labels } => Self::Labels(labels),
        };
        hold.check().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Keep {
    fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Forever => KeepForm::Word(KeepWord::Forever),
            Self::WhileReferenced => KeepForm::Word(KeepWord::WhileReferenced),
            Self::Until(until) => KeepForm::Until {
                until: until.micros(),
            },
            Self::UntilNext(tags) => KeepForm::UntilNext {
                until_next: tags.iter().map(ToOwned::to_owned).collect(),
            },
        }
        .serialize(to)
    }
}

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        Ok(match KeepForm::deserialize(from)? {
            KeepForm::Word(KeepWord::Forever) => Self::Forever,
            KeepForm::Word(KeepWord::WhileReferenced) => Self::WhileReferenced,
            KeepForm::Until { until } => Self::Until(Timestamp::from_micros(until)),
            KeepForm::UntilNext { until_next } => {
                let tags = Tags::new(until_next.iter().map(String::as_str));
                Self::UntilNext(tags.map_err(serde::de::Error::custom)?)
            }
        })
    }
}

/// Either of them as records and users write it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum HoldForm {
    Word(HoldWord),
    Copies { copies: u16 },
    Labels { labels: BTreeMap<String, String> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HoldWord {
    Everyone,
    OnDemand,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum KeepForm {
    Word(KeepWord),
    Until { until: i64 },
    UntilNext { until_next: Vec<String> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeepWord {
    Forever,
    WhileReferenced,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn hold(form: &Value) -> Option<Hold> {
        serde_json::from_value(form.clone()).ok()
    }

    fn keep(form: &Value) -> Option<Keep> {
        serde_json::from_value(form.clone()).ok()
    }

    #[test]
    fn policies_are_read_as_they_were_written() {
        for form in [
            json!("everyone"),
            json!("on_demand"),
            json!({"copies": 3}),
            json!({"labels": {"site": "hall 2"}}),
        ] {
            let read = hold(&form).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), form);
        }
        for form in [
            json!("forever"),
            json!("while_referenced"),
            json!({"until": 5}),
            json!({"until_next": []}),
            json!({"until_next": ["press:7"]}),
        ] {
            let read = keep(&form).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), form);
        }
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for form in [
            json!("nobody"),
            json!(3),
            json!({"copies": 0}),
            json!({"copies": 4097}),
            json!({"labels": {}}),
            json!({"labels": {"": "x"}}),
        ] {
            assert_eq!(hold(&form), None, "{form}");
        }
        for form in [
            json!("until"),
            json!({"until": "1"}),
            json!({"until_next": [""]}),
        ] {
            assert_eq!(keep(&form), None, "{form}");
        }
        assert!(Keep::UntilNext(Tags::default()).check(false).is_err());
        assert!(Keep::UntilNext(Tags::default()).check(true).is_ok());
    }

    #[test]
    fn everybody_comes_to_the_same_holders_and_one_more_changes_one() {
        let node = |number: u8| NodeId::from_bytes([number; 32]);
        for number in 0..20_u8 {
            let blob = BlobId::of(&[number]);
            let holders = copy_holders(blob, 3, (0..9).map(node));
            assert_eq!(holders, copy_holders(blob, 3, (0..9).rev().map(node)));
            let more = copy_holders(blob, 3, (0..10).map(node));
            let changed = more.iter().filter(|node| !holders.contains(node));
            assert!(changed.count() <= 1);
        }
        assert_eq!(copy_holders(BlobId::of(b""), 3, [node(1)]), [node(1)]);
    }
}
