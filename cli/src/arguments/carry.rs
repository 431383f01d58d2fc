//! Events out of a log and into another one.

use std::path::PathBuf;

use clap::Args;

use crate::ask::{self, Errand, Place};
use crate::failure::Result;
use crate::request::Request;
use crate::show::{Column, Layout, Shown};

/// Write events as lines of JSON, with all that an event is.
#[derive(Args)]
pub(crate) struct Export {
    /// Where they go: a file, which appears when all is in it, or `-`.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// Which events; `@FILE` is a query in a file.
    #[arg(long, value_name = "AQL", default_value = "FROM allEvents")]
    query: String,
}

/// Publish the events of an export, in its order, or those of a dump of Actyx.
///
/// They keep app, tags, payload and time, and get keys of their own: this device is their author.
/// Files of `swarmlet export` and of `ax events dump` are told apart by what is in them, also when
/// they are compressed by zstd.
#[derive(Args)]
pub(crate) struct Import {
    /// Where they come from: a file, or `-`.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// Leave out so many records (lines, events of a dump): those of an import that was cut off.
    /// Of a dump, those that are in the log already are left out unless this says how many.
    #[arg(long, value_name = "RECORDS")]
    skip: Option<u64>,
}

impl Export {
    pub(super) fn into_errand(self) -> Result<Errand> {
        let request = Request::Export {
            aql: ask::text(self.query)?,
        };
        let errand = Errand::new(request, Layout::Card);
        Ok(errand.writing_rows(Place::of(self.file)))
    }
}

impl Import {
    pub(super) fn into_errand(self) -> Errand {
        let request = Request::Import { skip: self.skip };
        let errand = Errand::new(request, Layout::Table(IMPORTED));
        errand.making_folder().reading_records(Place::of(self.file))
    }
}

const IMPORTED: &[Column] = &[
    Column::new("records", "RECORDS", Shown::Number),
    Column::new("events", "EVENTS", Shown::Number),
];
