//! Subscriptions: what comes after some place, and how far that is.

use serde::Serialize;
use swarmlet::{Item, Node, Offset, Offsets, Results, Severity, StreamId, SubscribeOptions};

use super::dropped::Dropped;
use super::events::{parameters, with_picture};
use super::host::Host;
use super::rows::{EventRow, KeyRow, offsets};
use crate::failure::{Failure, Result};
use crate::limits::ROWS_AT_ONCE;
use crate::request::{From, Subscribe, Wanted};
use crate::wire::Link;

/// One thing that comes out of a subscription.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum SubscriptionRow {
    /// A value.
    Row(EventRow),
    /// A value that is no longer true.
    TakenBack(EventRow),
    /// What was here when it began has come out, up to these offsets.
    CaughtUp {
        offsets: std::collections::BTreeMap<String, u64>,
    },
    /// An event has come that sorts before one that came out.
    TimeTravel(KeyRow),
}

/// Gives what comes until the person has enough.
pub(super) async fn subscribe(host: &Host, wanted: Subscribe, link: &mut Link) -> Result<()> {
    let node = host.node_of(wanted.query.app.as_deref())?;
    let begun = begin(&node, &wanted)?;
    let mut results = begun.map_err(|error| with_picture(error, &wanted.query.aql))?;
    let mut dropped = Dropped::default();
    while let Some(outputs) = results.next_outputs(ROWS_AT_ONCE).await? {
        dropped.tell(&results, link).await?;
        for output in outputs {
            give(output.item, link).await?;
        }
        link.pause().await?;
        // After the rows: who stores them together with what was made of these misses nothing.
        link.offsets(&offsets(results.offsets())).await?;
    }
    Ok(())
}

fn begin(node: &Node, wanted: &Subscribe) -> Result<swarmlet::Result<Results>> {
    let options = SubscribeOptions {
        from: match &wanted.from {
            From::Start => Offsets::new(),
            From::Now => node.offsets()?.present,
            From::Offsets(given) => given
                .iter()
                .map(|(stream, offset)| place(stream, *offset))
                .collect::<Result<_>>()?,
        },
        parameters: parameters(&wanted.query)?,
    };
    let aql = &wanted.query.aql;
    Ok(match wanted.wanted {
        Wanted::All => node.subscribe(aql, options),
        Wanted::Monotonic => node.subscribe_monotonic(aql, options),
        Wanted::Latest => node.observe_latest(aql, options),
        Wanted::Earliest => node.observe_earliest(aql, options),
    })
}

fn place(stream: &str, offset: u64) -> Result<(StreamId, Offset)> {
    Ok((stream.parse()?, Offset::new(offset)?))
}

async fn give(item: Item, link: &mut Link) -> Result<()> {
    let row = match &item {
        Item::Row(row) => SubscriptionRow::Row(EventRow::of(row, false)?),
        Item::AntiRow(row) => SubscriptionRow::TakenBack(EventRow::of(row, true)?),
        Item::CaughtUp(reached) => SubscriptionRow::CaughtUp {
            offsets: offsets(reached),
        },
        Item::TimeTravel(key) => {
            link.row(&SubscriptionRow::TimeTravel((*key).into()))
                .await?;
            let message = "an event has arrived that sorts before one that was given";
            return Err(Failure::unmet(message).advise("begin again before its key"));
        }
        Item::Diagnostic(diagnostic) if diagnostic.severity == Severity::Warning => {
            return link.note(diagnostic.message.clone()).await;
        }
        _ => return item.to_error().map_or(Ok(()), |error| Err(error.into())),
    };
    link.row(&row).await
}
