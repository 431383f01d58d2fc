//! Writes rows to the standard output as they are wanted, and notes to the standard error.

use std::io::{self, BufWriter, Stdout, Write as _};

use bytes::Bytes;
use console::Style;
use serde::Serialize;

use super::column::printable;
use super::complaint::warn;
use super::fields::Fields;
use super::gauge::Gauge;
use super::layout::{Layout, card};
use super::table::Pages;
use crate::failure::{Failure, Result};
use crate::limits::{TABLE_BYTES, TABLE_ROWS};
use crate::wire::Progress;

/// What rows are written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// One JSON object a line.
    Json,
    /// Comma separated values, with a heading; lists and objects as JSON.
    Csv,
}

/// Writes what a node answers.
pub(crate) struct Printer {
    format: Format,
    is_quiet: bool,
    layout: Layout,
    out: BufWriter<Stdout>,
    page: Vec<Fields>,
    page_bytes: usize,
    pages: Option<Pages>,
    /// The columns of CSV, once there was a row.
    csv: Option<Vec<String>>,
    gauge: Gauge,
}

impl Printer {
    pub(crate) fn new(format: Format, is_quiet: bool, layout: Layout) -> Self {
        Self {
            format,
            is_quiet,
            layout,
            out: BufWriter::new(io::stdout()),
            page: Vec::new(),
            page_bytes: 0,
            pages: None,
            csv: None,
            gauge: Gauge::new(!is_quiet && format == Format::Table),
        }
    }

    /// Writes a row, or keeps it for the page.
    pub(crate) fn row(&mut self, json: &Bytes) -> io::Result<()> {
        self.gauge.hide();
        if self.format == Format::Json {
            self.out.write_all(json)?;
            return self.out.write_all(b"\n");
        }
        let fields: Fields = serde_json::from_slice(json)?;
        match (self.format, self.layout) {
            (Format::Csv, layout) => self.write_csv(&fields, layout),
            (_, Layout::Card) => writeln!(self.out, "{}", card(&fields)),
            (_, Layout::Text(text)) => writeln!(self.out, "{}", text(&fields)),
            (_, Layout::Table(_)) => {
                self.page.push(fields);
                self.page_bytes += json.len();
                match self.page.len() >= TABLE_ROWS || self.page_bytes >= TABLE_BYTES {
                    true => self.turn_page(),
                    false => Ok(()),
                }
            }
        }
    }

    /// Writes a row that was made here.
    pub(crate) fn print(&mut self, row: &impl Serialize) -> Result<()> {
        let json = serde_json::to_vec(row).map_err(io::Error::from);
        let written = json.and_then(|json| self.row(&json.into()));
        written.or_else(cannot_write)
    }

    /// Shows the rest of what was made here.
    pub(crate) fn close(mut self) -> Result<()> {
        self.end().or_else(cannot_write)
    }

    /// Shows what there is.
    pub(crate) fn pause(&mut self) -> io::Result<()> {
        self.turn_page()?;
        self.out.flush()
    }

    /// A line for people, which is not part of what was asked for.
    pub(crate) fn note(&mut self, note: &str) {
        self.gauge.hide();
        if !self.is_quiet {
            let label = Style::new().for_stderr().dim().apply_to("note:");
            // Nothing depends on it.
            let _ = writeln!(io::stderr(), "{label} {}", printable(note));
        }
    }

    /// Says that something is missing from what was asked for: to scripts as well, and always.
    pub(crate) fn warning(&mut self, warning: &str) {
        self.gauge.hide();
        warn(warning, self.format == Format::Json);
    }

    /// Shows how far long work is.
    pub(crate) fn progress(&mut self, progress: Progress) {
        self.gauge.show(progress);
    }

    /// Shows the rest.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.gauge.hide();
        self.pause()
    }

    fn turn_page(&mut self) -> io::Result<()> {
        let Layout::Table(columns) = self.layout else {
            return Ok(());
        };
        if self.page.is_empty() {
            return Ok(());
        }
        let pages = self.pages.get_or_insert_with(|| Pages::new(columns));
        for line in pages.lines(&self.page) {
            writeln!(self.out, "{line}")?;
        }
        self.page.clear();
        self.page_bytes = 0;
        Ok(())
    }

    fn write_csv(&mut self, row: &Fields, layout: Layout) -> io::Result<()> {
        // A writer of its own, since flushing one flushes what it writes to.
        let mut writer = csv::Writer::from_writer(Vec::new());
        if self.csv.is_none() {
            let columns: Vec<String> = match layout {
                Layout::Table(columns) => columns.iter().map(|one| one.field.to_owned()).collect(),
                _ => row.iter().map(|(name, _)| name.to_owned()).collect(),
            };
            writer.write_record(&columns)?;
            self.csv = Some(columns);
        }
        let columns = self.csv.iter().flatten();
        writer.write_record(columns.map(|name| csv_value(row, name)))?;
        let lines = writer.into_inner().map_err(|error| error.into_error())?;
        self.out.write_all(&lines)
    }
}

/// Who does not read any more has seen enough.
fn cannot_write(error: io::Error) -> Result<()> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::io("cannot write what was asked for", error)),
    }
}

/// A text as it is, the rest as JSON: so both can be read back.
fn csv_value(row: &Fields, name: &str) -> String {
    let value = row.value(name).unwrap_or_default();
    match serde_json::from_str::<String>(value) {
        Ok(text) => text,
        Err(_) => value.to_owned(),
    }
}
