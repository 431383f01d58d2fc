//! A line of the file as an event: tags by which it is found, and the row as its payload.

use std::fmt::Display;
use std::io;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, ensure};
use csv::StringRecord;
use serde_json::{Map, Value};
use swarmlet::{AppId, NewEvent, Payload, Tags};

use crate::columns::{Columns, Places};

/// One report of one machine.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) machine: String,
    pub(crate) activity: Option<String>,
    pub(crate) event: NewEvent,
}

/// The rows of a file, read as they are asked for.
pub(crate) fn rows(
    file: impl io::Read,
    columns: &Columns,
) -> Result<impl Iterator<Item = Result<Row>>> {
    let mut reader = csv::Reader::from_reader(file);
    let headers = reader.headers().context("the file has no columns")?.clone();
    let places = Places::find(columns, &headers)?;
    Ok(reader.into_records().map(move |record| {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        row(&headers, &places, &record).with_context(|| format!("line {line}"))
    }))
}

/// The app in whose name a machine publishes: its name with everything but `a-z 0-9` as one `-`.
pub(crate) fn app_id(machine: &str) -> Result<AppId> {
    let lower = machine.to_ascii_lowercase();
    let words = lower.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let mut label = words.join("-");
    label.truncate(LABEL_BYTES_MAX);
    if label.is_empty() {
        label.push_str("unnamed");
    }
    Ok(AppId::new(&format!("com.example.{label}"))?)
}

fn row(headers: &StringRecord, places: &Places, record: &StringRecord) -> Result<Row> {
    let text = |place: Option<usize>| place.and_then(|place| record.get(place)).unwrap_or("");
    let machine = text(Some(places.machine));
    ensure!(!machine.is_empty(), "no machine");
    let rejects: Option<u64> = number(text(places.rejects))?;
    let mut fields: Map<String, Value> = headers
        .iter()
        .zip(record)
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let mut set = |place: Option<usize>, value: Value| {
        if let Some(name) = place.and_then(|place| headers.get(place)) {
            fields.insert(name.to_owned(), value);
        }
    };
    set(places.parts, number::<u64>(text(places.parts))?.into());
    set(places.rejects, rejects.into());
    set(
        places.duration,
        number::<f64>(text(places.duration))?.into(),
    );

    let mut tags = vec![format!("machine:{machine}")];
    let named = [("case", places.case), ("activity", places.activity)];
    let named = named.map(|(name, place)| (name, text(place)));
    tags.extend(
        named
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}:{value}")),
    );
    if rejects.is_some_and(|rejects| rejects > 0) {
        tags.push("quality".to_owned());
    }
    let activity = text(places.activity);
    Ok(Row {
        machine: machine.to_owned(),
        activity: (!activity.is_empty()).then(|| activity.to_owned()),
        event: NewEvent {
            tags: Tags::new(tags.iter().map(String::as_str))?,
            payload: Payload::from_serde(&fields)?,
        },
    })
}

/// A number, or nothing where the field is empty.
fn number<T: FromStr<Err: Display>>(text: &str) -> Result<Option<T>> {
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse();
    number
        .map(Some)
        .map_err(|error| anyhow!("{text:?} is not the expected number: {error}"))
}

/// An app id has at most 128 bytes.
const LABEL_BYTES_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_machines_become_app_ids() {
        let cases = [
            (
                "Machine 3 - Round Grinding",
                "com.example.machine-3-round-grinding",
            ),
            (
                "Machine 7- Laser Marking",
                "com.example.machine-7-laser-marking",
            ),
            ("Fr\u{e4}se 2", "com.example.fr-se-2"),
            (" \u{6a5f} ", "com.example.unnamed"),
        ];
        for (machine, expected) in cases {
            assert_eq!(app_id(machine).unwrap().as_str(), expected);
        }
        assert!(app_id(&"x".repeat(500)).is_ok());
    }

    fn first(csv: &str) -> Result<Row> {
        rows(csv.as_bytes(), &Columns::default())?.next().unwrap()
    }

    #[test]
    fn a_row_becomes_tags_and_payload() {
        let csv = "case,machine,activity,qty_completed,qty_rejected,duration_min\n\
                   C1,M 1,Turning,5,2,1.5\n";
        let row = first(csv).unwrap();
        let tags: Vec<String> = row.event.tags.iter().map(str::to_owned).collect();
        assert_eq!(
            tags,
            ["activity:Turning", "case:C1", "machine:M 1", "quality"]
        );
        let payload: Value = row.event.payload.to_serde().unwrap();
        assert_eq!(payload["qty_rejected"], 2);
        assert_eq!(payload["duration_min"], 1.5);
        assert_eq!(payload["case"], "C1");
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let message = |csv: &str| format!("{:#}", first(csv).unwrap_err());
        assert!(message("a,b\n1,2\n").contains("no column machine; it has a, b"));
        let header = "machine,case,activity,qty_completed,qty_rejected,duration_min\n";
        assert_eq!(message(&format!("{header},,,,,\n")), "line 2: no machine");
        assert!(message(&format!("{header}M,,,x,,\n")).starts_with("line 2: \"x\" is not"));
        assert!(first(&format!("{header}M,,,,,\n")).is_ok());
    }
}
