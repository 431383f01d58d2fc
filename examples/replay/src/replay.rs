//! Publishes the rows of a file, each machine as an app of its own, in the order of the file.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use anyhow::Result;
use swarmlet::{AppId, Node, Offsets};

use crate::columns::Columns;
use crate::rows::{Row, app_id, rows};

/// What was replayed.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// How many events are durable now.
    pub events: u64,
    /// Each machine and the app that published for it.
    pub machines: BTreeMap<String, AppId>,
    /// Each activity.
    pub activities: BTreeSet<String>,
    /// What the log held before: the lower bound of queries about this replay.
    pub before: Offsets,
}

/// Publishes every row of `file`, one call after the other, so that the log has the order of the
/// file. Consecutive rows of one machine go together.
pub async fn replay(node: &Node, file: impl io::Read, columns: &Columns) -> Result<Replayed> {
    let mut replayed = Replayed {
        events: 0,
        machines: BTreeMap::new(),
        activities: BTreeSet::new(),
        before: node.offsets()?.present,
    };
    let mut rows = rows(file, columns)?.peekable();
    while let Some(row) = rows.next() {
        let Row {
            machine,
            activity,
            event,
        } = row?;
        replayed.activities.extend(activity);
        let app_id = replayed.app_id(&machine)?;
        let mut run = vec![event];
        while run.len() < RUN_EVENTS_MAX
            && let Some(next) = rows.next_if(|next| is_of(next, &machine))
        {
            let next = next?;
            replayed.activities.extend(next.activity);
            run.push(next.event);
        }
        let published = node.scoped(app_id).publish_many(run).await?;
        replayed.events += published.len() as u64;
    }
    Ok(replayed)
}

impl Replayed {
    fn app_id(&mut self, machine: &str) -> Result<AppId> {
        if let Some(known) = self.machines.get(machine) {
            return Ok(known.clone());
        }
        let new = app_id(machine)?;
        self.machines.insert(machine.to_owned(), new.clone());
        Ok(new)
    }
}

fn is_of(row: &Result<Row>, machine: &str) -> bool {
    row.as_ref().is_ok_and(|row| row.machine == machine)
}

/// Consecutive rows of one machine that are published by one call.
const RUN_EVENTS_MAX: usize = 1_000;
