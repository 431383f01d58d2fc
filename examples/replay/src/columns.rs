//! Which columns of the file mean what. The defaults are those of `production.csv`.

use std::fmt;

use anyhow::{Result, bail};
use csv::StringRecord;

/// Names of columns. An empty name means that the file has no such column, except for the machine.
#[derive(Clone, Debug, clap::Args)]
pub struct Columns {
    /// The machine that reports: an app of its own, and a tag.
    #[arg(
        long = "machine-column",
        default_value = "machine",
        value_name = "NAME"
    )]
    pub machine: String,
    /// The case or order: a tag.
    #[arg(long = "case-column", default_value = "case", value_name = "NAME")]
    pub case: String,
    /// What was done: a tag, and what durations are averaged by.
    #[arg(
        long = "activity-column",
        default_value = "activity",
        value_name = "NAME"
    )]
    pub activity: String,
    /// How many parts were made: a whole number.
    #[arg(
        long = "parts-column",
        default_value = "qty_completed",
        value_name = "NAME"
    )]
    pub parts: String,
    /// How many parts were rejected: a whole number; more than zero adds the tag `quality`.
    #[arg(
        long = "rejects-column",
        default_value = "qty_rejected",
        value_name = "NAME"
    )]
    pub rejects: String,
    /// How long it took: a number.
    #[arg(
        long = "duration-column",
        default_value = "duration_min",
        value_name = "NAME"
    )]
    pub duration: String,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            machine: "machine".to_owned(),
            case: "case".to_owned(),
            activity: "activity".to_owned(),
            parts: "qty_completed".to_owned(),
            rejects: "qty_rejected".to_owned(),
            duration: "duration_min".to_owned(),
        }
    }
}

/// Where the columns are in one file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    pub(crate) machine: usize,
    pub(crate) case: Option<usize>,
    pub(crate) activity: Option<usize>,
    pub(crate) parts: Option<usize>,
    pub(crate) rejects: Option<usize>,
    pub(crate) duration: Option<usize>,
}

impl Places {
    /// Finds the columns in the first line of the file.
    pub(crate) fn find(columns: &Columns, headers: &StringRecord) -> Result<Self> {
        let place = |name: &str, option: &str| match headers.iter().position(|own| own == name) {
            None if !name.is_empty() => bail!(
                "the file has no column {name}; it has {}; name another with --{option}-column",
                Listed(headers)
            ),
            place => Ok(place),
        };
        let Some(machine) = place(&columns.machine, "machine")? else {
            bail!("name the column of the machine with --machine-column");
        };
        Ok(Self {
            machine,
            case: place(&columns.case, "case")?,
            activity: place(&columns.activity, "activity")?,
            parts: place(&columns.parts, "parts")?,
            rejects: place(&columns.rejects, "rejects")?,
            duration: place(&columns.duration, "duration")?,
        })
    }
}

struct Listed<'a>(&'a StringRecord);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let lead = if index == 0 { "" } else { ", " };
            write!(out, "{lead}{name}")?;
        }
        Ok(())
    }
}
