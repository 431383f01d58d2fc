//! How single values are written.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::value::RawValue;
use swarmlet::{Hold, Keep, Tags, Timestamp};

use crate::request::BlobName;

/// A duration: `30s`, `12h`, `30days`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(text);
    parsed.map_err(|error| format!("{error}; write it as in 30s, 12h, 30days"))
}

/// A parameter of a query: `name=value`, where the value is JSON, or else a text.
pub(super) fn parameter(text: &str) -> Result<(String, Box<RawValue>), String> {
    let (name, value) = label(text)?;
    Ok((name, json_or_text(&value)?))
}

/// A label: `name=value`.
pub(super) fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// JSON as it is, anything else as a text.
pub(super) fn json_or_text(value: &str) -> Result<Box<RawValue>, String> {
    let parsed: Result<Box<RawValue>, _> = serde_json::from_str(value);
    parsed.or_else(|_| serde_json::value::to_raw_value(value).map_err(|error| error.to_string()))
}

/// A blob: its id, or else its name.
pub(super) fn blob(text: &str) -> Result<BlobName, String> {
    Ok(match text.parse() {
        Ok(id) => BlobName::Id(id),
        Err(_) => BlobName::Name(text.to_owned()),
    })
}

/// Who holds a blob.
pub(super) fn hold(text: &str) -> Result<Hold, String> {
    let hold = match text.split_once('=') {
        None if text == "everyone" => Hold::Everyone,
        None if text == "on-demand" => Hold::OnDemand,
        Some(("copies", count)) => {
            let count = count.parse();
            Hold::Copies(count.map_err(|_| "copies must be 1 to 4096".to_owned())?)
        }
        Some(("labels", labels)) => {
            let labels: Result<_, _> = labels.split(',').map(label).collect();
            Hold::Labels(labels?)
        }
        _ => return Err("write everyone, on-demand, copies=2 or labels=hall=2,line=1".to_owned()),
    };
    hold.check().map_err(|error| error.to_string())
}

/// How long a blob is kept.
pub(super) fn keep(text: &str) -> Result<Keep, String> {
    match text.split_once('=') {
        None if text == "forever" => Ok(Keep::Forever),
        None if text == "while-referenced" => Ok(Keep::WhileReferenced),
        None if text == "until-next" => Ok(Keep::UntilNext(Tags::default())),
        Some(("until-next", tags)) => {
            let tags = Tags::new(tags.split(','));
            tags.map(Keep::UntilNext).map_err(|error| error.to_string())
        }
        Some(("until", time)) => {
            let time = humantime::parse_rfc3339_weak(time)
                .map_err(|error| format!("{error}; write it as in 2030-12-31T12:00:00Z"))?;
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
            Ok(Keep::Until(Timestamp::from_micros(micros)))
        }
        _ => {
            Err("write forever, while-referenced, until=TIME, until-next or until-next=TAG".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_and_what_is_none_is_refused() {
        assert_eq!(hold("copies=2").unwrap(), Hold::Copies(2));
        let labels = [("hall", "2"), ("line", "1")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(
            hold("labels=hall=2,line=1").unwrap(),
            Hold::Labels(labels.into())
        );
        for text in [
            "",
            "copies",
            "copies=0",
            "copies=x",
            "labels=hall",
            "somebody",
        ] {
            assert!(hold(text).is_err(), "{text}");
        }
        let until = Keep::Until(Timestamp::from_micros(1_000_000));
        assert_eq!(keep("until=1970-01-01 00:00:01").unwrap(), until);
        let next = Keep::UntilNext(Tags::new(["a", "b"]).unwrap());
        assert_eq!(keep("until-next=a,b").unwrap(), next);
        for text in ["", "until", "until=tomorrow", "until-next=", "long"] {
            assert!(keep(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_that_is_no_json_is_a_text() {
        let read = |text: &str| json_or_text(text).unwrap().get().to_owned();
        assert_eq!(read("7"), "7");
        assert_eq!(read("[1,"), "\"[1,\"");
        assert_eq!(read("it's"), "\"it's\"");
        assert_eq!(parameter("a=b=c").unwrap().1.get(), "\"b=c\"");
        assert!(parameter("a").is_err());
    }
}
