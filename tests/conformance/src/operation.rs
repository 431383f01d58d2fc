//! The operations of drivers: their names and arguments, as `README.md` lists them.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value, json};

use crate::template::{Template, Text};

/// An operation and the arguments that it takes.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    needed: &'static [&'static str],
    further: &'static [&'static str],
}

const fn operation(
    name: &'static str,
    needed: &'static [&'static str],
    further: &'static [&'static str],
) -> Operation {
    Operation {
        name,
        needed,
        further,
    }
}

const QUERY: &[&str] = &["lower", "upper", "order", "parameters"];
const PUT: &[&str] = &["name", "media_type", "tags", "hold", "keep"];
const TERMS: &[&str] = &["capabilities", "name", "labels", "uses", "valid_ms"];
const OPEN: &[&str] = &[
    "app_id",
    "streams",
    "routes",
    "durability",
    "cache_bytes",
    "network",
];

/// All that a scenario can ask of a driver.
const OPERATIONS: &[Operation] = &[
    operation("open", &["as", "folder"], OPEN),
    operation("info", &["node"], &[]),
    operation("scoped", &["node", "as", "app_id"], &[]),
    operation("close", &["node"], &[]),
    operation("publish", &["node", "tags"], &["payload"]),
    operation("publish_many", &["node", "events"], &[]),
    operation("query", &["node", "aql"], QUERY),
    operation("query_outputs", &["node", "aql"], QUERY),
    operation("query_open", &["node", "as", "aql"], QUERY),
    operation("explain", &["node", "aql"], QUERY),
    operation(
        "subscribe",
        &["node", "as", "aql"],
        &["from", "parameters", "follow"],
    ),
    operation(
        "wait_for",
        &["node", "aql", "timeout_ms"],
        &["from", "parameters", "equals"],
    ),
    operation("offsets", &["node"], &[]),
    operation("streams", &["node"], &[]),
    operation("metrics", &["node"], &[]),
    operation("next", &["stream", "count", "timeout_ms"], &[]),
    operation(
        "next_impatient",
        &["stream", "count", "patience_ms", "timeout_ms"],
        &[],
    ),
    operation("batch", &["stream", "max", "timeout_ms"], &[]),
    operation("outputs", &["stream", "count", "timeout_ms"], &[]),
    operation("position", &["stream"], &[]),
    operation("cancel", &["stream"], &[]),
    operation("blobs.put", &["node", "content"], PUT),
    operation(
        "blobs.get",
        &["node", "id", "timeout_ms"],
        &["start", "end"],
    ),
    operation("blobs.stat", &["node", "id"], &[]),
    operation("blobs.list", &["node"], &[]),
    operation("blobs.delete", &["node", "id"], &[]),
    operation("swarm.id", &["node"], &[]),
    operation("swarm.create", &["node", "name", "device"], &[]),
    operation("swarm.become_issuer", &["node", "root_key"], &[]),
    operation("swarm.invite", &["node"], TERMS),
    operation("swarm.withdraw", &["node", "invite"], &[]),
    operation("swarm.join", &["node", "invite", "name", "timeout_ms"], &[]),
    operation("swarm.ask", &["node", "address", "name", "timeout_ms"], &[]),
    operation("swarm.wait_joined", &["node", "timeout_ms"], &[]),
    operation("swarm.wait_in_sync", &["node", "timeout_ms"], &[]),
    operation("swarm.pending", &["node"], &[]),
    operation("swarm.approve", &["node", "device"], TERMS),
    operation("swarm.reject", &["node", "device"], &[]),
    operation("swarm.preauthorise", &["node", "device"], TERMS),
    operation("swarm.members", &["node"], &[]),
    operation("swarm.revoke", &["node", "device", "reason"], &[]),
    operation("swarm.renew", &["node", "device"], &[]),
    operation("swarm.status", &["node"], &[]),
    operation("swarm.network_changed", &["node"], &[]),
    operation("swarm.changes", &["node", "as"], &[]),
    operation("next_change", &["changes", "timeout_ms"], &[]),
    operation("cancel_changes", &["changes"], &[]),
];

impl Operation {
    /// The operation of that name.
    pub(crate) fn named(name: &str) -> Result<&'static Self> {
        let found = OPERATIONS.iter().find(|operation| operation.name == name);
        found.with_context(|| format!("there is no operation {name:?}"))
    }

    /// Checks the arguments, and adds what is always the same.
    pub(crate) fn arguments(&self, given: &Map<String, Value>) -> Result<Vec<(Text, Template)>> {
        let mut all = given.clone();
        for handle in ["node", "as", "stream", "changes"] {
            if self.needed.contains(&handle) {
                all.entry(handle).or_insert_with(|| json!("main"));
            }
        }
        if self.needed.contains(&"timeout_ms") {
            let timeout = TIMEOUT.as_millis() as u64;
            all.entry("timeout_ms").or_insert_with(|| json!(timeout));
        }
        for name in all.keys() {
            let is_known = [self.needed, self.further]
                .concat()
                .contains(&name.as_str());
            ensure!(is_known, "{} takes no argument {name:?}", self.name);
        }
        for name in self.needed {
            ensure!(
                all.contains_key(*name),
                "{} needs the argument {name:?}",
                self.name
            );
        }
        Template::parse_fields(&all)
    }
}

/// How long a driver waits unless a scenario says it.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, given: &Value) -> Result<usize> {
        let given = given.as_object().unwrap();
        Ok(Operation::named(name)?.arguments(given)?.len())
    }

    #[test]
    fn arguments_are_checked_and_completed() {
        assert_eq!(check("publish", &json!({"tags": ["a"]})).unwrap(), 2);
        assert_eq!(check("next", &json!({"count": 1})).unwrap(), 3);
        for (name, given) in [
            ("publish", json!({})),
            ("publish", json!({"tags": [], "payloads": 1})),
            ("next", json!({"count": 1, "node": "main"})),
            ("publish_all", json!({"events": []})),
        ] {
            assert!(check(name, &given).is_err(), "{name} {given}");
        }
    }

    #[test]
    fn the_description_lists_the_same_operations() {
        let text = include_str!("../README.md");
        let listed: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
            .map(|(name, _)| name)
            .collect();
        for operation in OPERATIONS {
            assert!(
                listed.contains(&operation.name),
                "{} is not described",
                operation.name
            );
        }
    }
}
