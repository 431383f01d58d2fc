//! Publishing, and asking for events.

use std::collections::BTreeMap;

use serde::Serialize;
use swarmlet::{
    ErrorKind, Item, Order, Parameters, QueryOptions, Results, Severity, SubscribeOptions, Tags,
    query_mistake,
};

use super::dropped::Dropped;
use super::host::{Host, Standing};
use super::rows::{EventRow, PublishedRow, payload};
use crate::failure::{Failure, Result};
use crate::limits::ROWS_AT_ONCE;
use crate::request::{self, Publish, Query};
use crate::wire::Link;

/// Publishes one event; durable when its key is given.
pub(super) async fn publish(host: &Host, publish: Publish, link: &mut Link) -> Result<()> {
    let node = host.node_of(publish.app.as_deref())?;
    let tags = Tags::new(publish.tags.iter().map(String::as_str))?;
    let published = node.publish(tags, payload(&publish.payload)?).await?;
    let row = PublishedRow::new(published.key, published.timestamp);
    link.row(&row).await?;
    match (host.standing, node.swarm().id()) {
        (Standing::Command, Some(_)) => {
            link.note("no node runs here: other devices get it when one does")
                .await
        }
        _ => Ok(()),
    }
}

/// Gives the rows of a query.
pub(super) async fn query(host: &Host, query: Query, link: &mut Link) -> Result<()> {
    let node = host.node_of(query.app.as_deref())?;
    let parameters = parameters(&query)?;
    let begun = if query.follow {
        let options = SubscribeOptions {
            parameters,
            ..SubscribeOptions::default()
        };
        node.subscribe(&query.aql, options)
    } else {
        let options = QueryOptions {
            order: order(query.order),
            parameters,
            ..QueryOptions::default()
        };
        node.query(&query.aql, options)
    };
    let mut results = begun.map_err(|error| with_picture(error, &query.aql))?;
    let mut dropped = Dropped::default();
    while let Some(items) = next(&mut results).await? {
        for item in &items {
            give(item, link).await?;
        }
        if query.follow {
            dropped.tell(&results, link).await?;
        }
        link.pause().await?;
    }
    dropped.tell(&results, link).await
}

/// How a query was answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExplanationRow {
    query: String,
    selection: Option<String>,
    order: request::Order,
    stages: Vec<String>,
    sources: Vec<SourceRow>,
    events_read: u64,
    rows: u64,
    diagnostics: u64,
    /// All of it, for people.
    text: String,
}

/// What was found in the index of one file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceRow {
    file: String,
    is_sealed: bool,
    events: u64,
    terms: BTreeMap<String, u64>,
    candidates: u64,
    is_checked: bool,
}

/// Carries a query out, and tells how instead of what.
pub(super) async fn explain(host: &Host, query: Query, link: &mut Link) -> Result<()> {
    let node = host.node_of(query.app.as_deref())?;
    let options = QueryOptions {
        order: order(query.order),
        parameters: parameters(&query)?,
        ..QueryOptions::default()
    };
    let explained = node.explain(&query.aql, options).await;
    let explained = explained.map_err(|error| with_picture(error, &query.aql))?;
    let source = |source: swarmlet::SourceReport| SourceRow {
        file: source.name,
        is_sealed: source.is_sealed,
        events: source.events,
        terms: (source.terms.into_iter())
            .map(|term| (term.term, term.events))
            .collect(),
        candidates: source.candidates,
        is_checked: source.is_checked,
    };
    let text = explained.to_string();
    link.row(&ExplanationRow {
        query: explained.query,
        selection: explained.selection,
        order: match explained.order {
            Order::Ascending => request::Order::Asc,
            Order::Descending => request::Order::Desc,
            Order::Stream => request::Order::Stream,
        },
        stages: explained.stages,
        sources: explained.sources.into_iter().map(source).collect(),
        events_read: explained.events_read,
        rows: explained.rows,
        diagnostics: explained.diagnostics,
        text,
    })
    .await
}

/// What comes next, of any sort; nothing at the end.
pub(super) async fn next(results: &mut Results) -> Result<Option<Vec<Item>>> {
    let outputs = results.next_outputs(ROWS_AT_ONCE).await?;
    Ok(outputs.map(|outputs| outputs.into_iter().map(|output| output.item).collect()))
}

/// Gives rows, and says what else there is to be said.
async fn give(item: &Item, link: &mut Link) -> Result<()> {
    if let Some(error) = item.to_error() {
        return Err(error.into());
    }
    match item {
        Item::Row(row) => link.row(&EventRow::of(row, false)?).await,
        Item::AntiRow(row) => link.row(&EventRow::of(row, true)?).await,
        Item::Diagnostic(diagnostic) if diagnostic.severity == Severity::Warning => {
            link.note(diagnostic.message.clone()).await
        }
        _ => Ok(()),
    }
}

/// What `$name` stands for.
pub(super) fn parameters(query: &Query) -> Result<Parameters> {
    let mut parameters = Parameters::new();
    for (name, value) in &query.parameters {
        let value = swarmlet::Parameter::Value(payload(value)?);
        parameters = parameters.with_parameter(name, value);
    }
    Ok(parameters)
}

pub(super) fn order(order: request::Order) -> Order {
    match order {
        request::Order::Asc => Order::Ascending,
        request::Order::Desc => Order::Descending,
        request::Order::Stream => Order::Stream,
    }
}

/// Shows where a query is wrong.
pub(super) fn with_picture(error: swarmlet::Error, aql: &str) -> Failure {
    let is_query = error.kind() == ErrorKind::InvalidQuery;
    Failure {
        picture: is_query.then(|| query_mistake(aql)).flatten(),
        ..error.into()
    }
}
