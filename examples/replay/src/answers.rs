//! The questions, answered by queries of the log.

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;
use swarmlet::{Node, QueryOptions};

use crate::columns::Columns;
use crate::replay::Replayed;

/// What the log says about a replay.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answers {
    /// How many events there are.
    pub events: u64,
    /// All parts made.
    pub parts: u64,
    /// All parts rejected.
    pub rejects: u64,
    /// By name of the machine.
    pub machines: Vec<MachineAnswer>,
    /// By name of the activity.
    pub activities: Vec<ActivityAnswer>,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MachineAnswer {
    /// Its name.
    pub machine: String,
    /// The app that published for it.
    pub app_id: String,
    /// Events of it.
    pub events: u64,
    /// Parts it made.
    pub parts: u64,
    /// Parts of it that were rejected.
    pub rejects: u64,
}

/// One activity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActivityAnswer {
    /// Its name.
    pub activity: String,
    /// Events of it.
    pub events: u64,
    /// The mean of all durations that were reported; nothing if there are none.
    pub mean_duration: Option<f64>,
}

/// Asks the log about what was replayed.
pub async fn ask(node: &Node, columns: &Columns, replayed: &Replayed) -> Result<Answers> {
    let log = Log { node, replayed };
    let mut machines = Vec::new();
    for (machine, app_id) in &replayed.machines {
        let tag = quoted("machine", machine);
        let parts = log.numbers(&format!("FROM {tag}"), &columns.parts).await?;
        let of_bad = format!("FROM {tag} & 'quality'");
        let rejects = log.numbers(&of_bad, &columns.rejects).await?;
        machines.push(MachineAnswer {
            machine: machine.clone(),
            app_id: app_id.to_string(),
            events: parts.events,
            parts: parts.whole(),
            rejects: rejects.whole(),
        });
    }
    let mut activities = Vec::new();
    for activity in &replayed.activities {
        let query = format!("FROM {}", quoted("activity", activity));
        let durations = log.numbers(&query, &columns.duration).await?;
        activities.push(ActivityAnswer {
            activity: activity.clone(),
            events: durations.events,
            mean_duration: durations.mean(),
        });
    }
    Ok(Answers {
        events: machines.iter().map(|machine| machine.events).sum(),
        parts: machines.iter().map(|machine| machine.parts).sum(),
        rejects: machines.iter().map(|machine| machine.rejects).sum(),
        machines,
        activities,
    })
}

/// A tag as it is written in a query.
fn quoted(name: &str, value: &str) -> String {
    format!("'{name}:{}'", value.replace('\'', "''"))
}

struct Log<'a> {
    node: &'a Node,
    replayed: &'a Replayed,
}

/// What one field of the events of a query adds up to.
#[derive(Default)]
struct Numbers {
    events: u64,
    count: u64,
    sum: f64,
}

impl Log<'_> {
    /// Adds up the field of all events that match.
    async fn numbers(&self, aql: &str, field: &str) -> Result<Numbers> {
        let options = QueryOptions {
            lower: self.replayed.before.clone(),
            ..QueryOptions::default()
        };
        let mut results = self.node.query(aql, options)?;
        let mut numbers = Numbers::default();
        while let Some(rows) = results.next_chunk(1_024).await? {
            for row in rows {
                let payload: Value = row.payload().to_serde()?;
                numbers.add(payload[field].as_f64());
            }
        }
        Ok(numbers)
    }
}

impl Numbers {
    fn add(&mut self, number: Option<f64>) {
        self.events += 1;
        if let Some(number) = number {
            self.count += 1;
            self.sum += number;
        }
    }

    /// The sum of whole numbers, which is exact below 2^53.
    fn whole(&self) -> u64 {
        self.sum as u64
    }

    fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}
