//! `subscribe`: what comes, for programs that go on where they were.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::events::{Asked, EVENTS_OF_SUBSCRIPTIONS};
use crate::ask::Errand;
use crate::failure::{Failure, Result};
use crate::request::{self, From, Order, Request, Wanted};
use crate::show::Layout;

/// Print what comes after some place, until interrupted.
///
/// Each row says what it is: a `row`, one that is `takenBack`, that all that was here when it began
/// has come out (`caughtUp`), or `timeTravel`, which ends a monotonic subscription.
#[derive(Args)]
pub(crate) struct Subscribe {
    #[command(flatten)]
    asked: Asked,
    /// Where it begins: `start`, `now`, or behind offsets: a JSON object of streams and offsets.
    #[arg(long, value_name = "PLACE", default_value = "start", value_parser = from)]
    from: From,
    /// Begin behind the offsets in this file, if it is there, and keep in it how far all that was
    /// printed reaches: the next time it goes on there, and what was cut off comes again.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    resume: Option<PathBuf>,
    /// In the order of event keys also between streams; ends when an event comes too late for that.
    #[arg(long)]
    monotonic: bool,
    /// The latest only, and again whenever there is a later one.
    #[arg(long, conflicts_with = "monotonic")]
    latest: bool,
    /// The earliest only, and again whenever there is an earlier one.
    #[arg(long, conflicts_with_all = ["monotonic", "latest"])]
    earliest: bool,
}

impl Subscribe {
    pub(super) fn into_errand(self) -> Result<Errand> {
        let wanted = match (self.monotonic, self.latest, self.earliest) {
            (true, ..) => Wanted::Monotonic,
            (_, true, _) => Wanted::Latest,
            (.., true) => Wanted::Earliest,
            _ => Wanted::All,
        };
        let from = match &self.resume {
            Some(path) => kept(path)?.map_or(From::Start, From::Offsets),
            None => self.from,
        };
        let request = Request::Subscribe(request::Subscribe {
            query: self.asked.into_query(Order::Asc)?,
            from,
            wanted,
        });
        let errand = Errand::new(request, Layout::Table(EVENTS_OF_SUBSCRIPTIONS));
        Ok(errand.keeping_offsets(self.resume))
    }
}

/// The offsets in a file; nothing if there is none.
fn kept(path: &PathBuf) -> Result<Option<BTreeMap<String, u64>>> {
    let text = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        text => {
            text.map_err(|error| Failure::io(format!("cannot read {}", path.display()), error))?
        }
    };
    serde_json::from_slice(&text).map(Some).map_err(|error| {
        let message = format!("{} has no offsets: {error}", path.display());
        Failure::invalid(message).advise("remove the file to begin at the start")
    })
}

fn from(text: &str) -> Result<From, String> {
    match text {
        "start" => Ok(From::Start),
        "now" => Ok(From::Now),
        _ => serde_json::from_str(text)
            .map(From::Offsets)
            .map_err(|_| "write start, now, or {\"STREAM\": OFFSET}".to_owned()),
    }
}
