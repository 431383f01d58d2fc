//! Commands about events.

use clap::Args;
use serde_json::value::RawValue;

use super::values;
use crate::ask::{self, Errand};
use crate::failure::{Failure, Result};
use crate::request::{self, Order, Request};
use crate::show::{Column, Layout, Shown};

/// Publish an event, and print its key when it is on the disk.
#[derive(Args)]
pub(crate) struct Publish {
    /// The payload, as JSON; `@FILE` is that of a file, `@-` that of the standard input.
    #[arg(value_name = "JSON", default_value = "null")]
    payload: String,
    /// A tag; may be given again.
    #[arg(long = "tag", short, value_name = "TAG")]
    tags: Vec<String>,
    /// In whose name it is published: a reverse DNS name.
    #[arg(long, value_name = "APP")]
    app: Option<String>,
}

/// Print the rows of a query.
#[derive(Args)]
pub(crate) struct Query {
    #[command(flatten)]
    asked: Asked,
    /// Go on with what comes, until interrupted.
    #[arg(long, short)]
    follow: bool,
    /// In which order, unless the query says it.
    #[arg(long, value_enum, default_value_t, conflicts_with = "follow")]
    order: Order,
}

/// Carry a query out, and print how that was done instead of what it found.
#[derive(Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    asked: Asked,
    /// In which order, unless the query says it.
    #[arg(long, value_enum, default_value_t)]
    order: Order,
}

/// Print how far each stream is here, and how much of it others have more.
#[derive(Args)]
pub(crate) struct Offsets {}

/// What is looked for.
#[derive(Args)]
pub(super) struct Asked {
    /// The query; `@FILE` is that of a file, `@-` that of the standard input.
    #[arg(value_name = "AQL", default_value = "FROM allEvents")]
    aql: String,
    /// What `$NAME` in the query stands for: JSON, or else a text; may be given again.
    #[arg(long = "param", short, value_name = "NAME=VALUE", value_parser = values::parameter)]
    parameters: Vec<(String, Box<RawValue>)>,
    /// What `appId(me)` means: a reverse DNS name.
    #[arg(long, value_name = "APP")]
    app: Option<String>,
}

impl Publish {
    pub(super) fn into_errand(self) -> Result<Errand> {
        let payload = ask::text(self.payload)?;
        let payload: Result<Box<RawValue>, _> = serde_json::from_str(&payload);
        let payload = payload.map_err(|error| {
            let message = format!("the payload is no JSON: {error}");
            Failure::invalid(message)
                .advise("a text needs quotes inside those of the shell: '\"text\"'")
        })?;
        let request = Request::Publish(request::Publish {
            app: self.app,
            tags: self.tags,
            payload,
        });
        Ok(Errand::new(request, Layout::Table(PUBLISHED)).making_folder())
    }
}

impl Query {
    pub(super) fn into_errand(self) -> Result<Errand> {
        let mut query = self.asked.into_query(self.order)?;
        query.follow = self.follow;
        Ok(Errand::new(Request::Query(query), Layout::Table(EVENTS)))
    }
}

impl Explain {
    pub(super) fn into_errand(self) -> Result<Errand> {
        let query = self.asked.into_query(self.order)?;
        let layout = Layout::Text(|row| row.text("text"));
        Ok(Errand::new(Request::Explain(query), layout))
    }
}

impl Offsets {
    pub(super) fn into_errand(self) -> Errand {
        Errand::new(Request::Offsets, Layout::Table(STREAMS))
    }
}

impl Asked {
    pub(super) fn into_query(self, order: Order) -> Result<request::Query> {
        Ok(request::Query {
            app: self.app,
            aql: ask::text(self.aql)?,
            parameters: self.parameters.into_iter().collect(),
            order,
            follow: false,
        })
    }
}

const STREAMS: &[Column] = &[
    Column::new("stream", "STREAM", Shown::Plain),
    Column::new("name", "NAME", Shown::Plain),
    Column::new("first", "FIRST", Shown::Number),
    Column::new("present", "PRESENT", Shown::Number),
    Column::new("toReplicate", "TO REPLICATE", Shown::Number),
    Column::new("isOwn", "OWN", Shown::Flag),
];

const PUBLISHED: &[Column] = &[
    Column::new("lamport", "LAMPORT", Shown::Number),
    Column::new("stream", "STREAM", Shown::Plain),
    Column::new("offset", "OFFSET", Shown::Number),
    Column::new("timestamp", "TIME", Shown::Micros),
];

/// The columns of events.
pub(super) const EVENTS: &[Column] = &[
    Column::new("takenBack", "TAKEN BACK", Shown::Flag),
    Column::new("timestamp", "TIME", Shown::Micros),
    Column::new("lamport", "LAMPORT", Shown::Number),
    Column::new("stream", "STREAM", Shown::Plain),
    Column::new("offset", "OFFSET", Shown::Number),
    Column::new("appId", "APP", Shown::Plain),
    Column::new("tags", "TAGS", Shown::Text),
    Column::new("payload", "PAYLOAD", Shown::Text),
];

/// The columns of what comes out of subscriptions.
pub(super) const EVENTS_OF_SUBSCRIPTIONS: &[Column] = &[
    Column::new("type", "TYPE", Shown::Plain),
    Column::new("timestamp", "TIME", Shown::Micros),
    Column::new("lamport", "LAMPORT", Shown::Number),
    Column::new("stream", "STREAM", Shown::Plain),
    Column::new("offset", "OFFSET", Shown::Number),
    Column::new("appId", "APP", Shown::Plain),
    Column::new("tags", "TAGS", Shown::Text),
    Column::new("payload", "PAYLOAD", Shown::Text),
    Column::new("offsets", "OFFSETS", Shown::Text),
];
