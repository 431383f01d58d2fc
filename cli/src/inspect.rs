//! `inspect`: what is in a folder, and whether all of it is as it was written. No node is opened.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use swarmlet::{ErrorKind, FileReport, FileSort, Inspection, StreamRange};

use crate::failure::{Failure, Result};
use crate::show::{Column, Format, Layout, Printer, Shown};
use crate::wire::Progress;

/// A file of the folder.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileRow {
    file: String,
    sort: &'static str,
    bytes: u64,
    events: u64,
    streams: Vec<StreamRow>,
    torn_bytes: u64,
    fault: Option<String>,
}

/// A stream, as far as it is in a file, or in all of them.
#[derive(Clone, Serialize)]
struct StreamRow {
    stream: String,
    name: String,
    first: u64,
    last: u64,
}

/// Looks at every file, and prints a row for each, or for each stream. What is damaged is an error
/// in the end.
pub(crate) fn inspect(
    folder: &Path,
    by_stream: bool,
    format: Format,
    is_quiet: bool,
) -> Result<()> {
    let mut inspection = Inspection::begin(folder).map_err(|error| {
        let is_locked = error.kind() == ErrorKind::Locked;
        let failure = Failure::from(error);
        match is_locked {
            true => failure.advise("stop the node first: nobody may write meanwhile"),
            false => failure,
        }
    })?;
    let layout = Layout::Table(if by_stream { STREAMS } else { FILES });
    let mut printer = Printer::new(format, is_quiet, layout);
    let total = inspection.files_left() as u64;
    let mut streams: BTreeMap<String, StreamRow> = BTreeMap::new();
    let (mut done, mut events, mut faults) = (0, 0, 0_u64);
    while let Some(report) = inspection.next_file() {
        done += 1;
        events += report.events;
        let row = row(report);
        for part in &row.streams {
            widen(&mut streams, part);
        }
        if let Some(fault) = &row.fault {
            faults += 1;
            printer.note(&format!("{}: {fault}", row.file));
        }
        if !by_stream {
            printer.print(&row)?;
        }
        printer.progress(Progress {
            done,
            total: Some(total),
            is_bytes: false,
        });
    }
    for row in streams.values().filter(|_| by_stream) {
        printer.print(row)?;
    }
    let sound = format!(
        "{}: {events} events, {} streams, {total} files, all sound",
        inspection.node(),
        streams.len()
    );
    match faults {
        0 => printer.note(&sound),
        _ => {
            printer.close()?;
            let message = format!("{faults} of {total} files are damaged");
            return Err(Failure::unmet(message).advise(ADVICE));
        }
    }
    printer.close()
}

fn row(report: FileReport) -> FileRow {
    FileRow {
        file: report.name,
        sort: match report.sort {
            FileSort::Segment => "segment",
            FileSort::Log => "log",
            FileSort::Blob => "blob",
            FileSort::Pack => "pack",
            _ => "other",
        },
        bytes: report.bytes,
        events: report.events,
        streams: report.streams.iter().map(stream_row).collect(),
        torn_bytes: report.torn_bytes,
        fault: report.fault.map(|fault| fault.to_string()),
    }
}

fn stream_row(range: &StreamRange) -> StreamRow {
    StreamRow {
        stream: range.stream.to_string(),
        name: range.name.to_string(),
        first: range.first.get(),
        last: range.last.get(),
    }
}

fn widen(streams: &mut BTreeMap<String, StreamRow>, part: &StreamRow) {
    let row = streams
        .entry(part.stream.clone())
        .or_insert_with(|| part.clone());
    row.first = row.first.min(part.first);
    row.last = row.last.max(part.last);
}

const ADVICE: &str = "keep a copy of the folder as it is. A blob that is damaged is fetched again \
                      from others; a device whose log is damaged joins anew, with a new folder";

const FILES: &[Column] = &[
    Column::new("file", "FILE", Shown::Plain),
    Column::new("sort", "SORT", Shown::Plain),
    Column::new("bytes", "SIZE", Shown::Bytes),
    Column::new("events", "EVENTS", Shown::Number),
    Column::new("fault", "FAULT", Shown::Text),
];

const STREAMS: &[Column] = &[
    Column::new("stream", "STREAM", Shown::Plain),
    Column::new("name", "NAME", Shown::Plain),
    Column::new("first", "FIRST", Shown::Number),
    Column::new("last", "LAST", Shown::Number),
];
