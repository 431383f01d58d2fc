//! The crates that are built, as `cargo metadata` tells them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::advisories::Built;
use super::policy::Policy;

/// All crates of the workspace and what they depend on.
#[derive(Debug, Deserialize)]
pub(crate) struct Graph {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

impl Graph {
    pub(crate) fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json).context("cargo metadata printed what is not understood")
    }

    /// The crates of others that are built.
    pub(super) fn built(&self) -> Vec<Built<'_>> {
        let built = self.foreign().map(|package| Built {
            name: &package.name,
            version: &package.version,
        });
        built.collect()
    }

    fn foreign(&self) -> impl Iterator<Item = &Package> {
        let built: BTreeSet<&str> = self.resolve.nodes.iter().map(|node| &*node.id).collect();
        let packages = self.packages.iter();
        packages.filter(move |package| package.source.is_some() && built.contains(&*package.id))
    }

    /// What contradicts the policy, a line each.
    pub(crate) fn check(&self, policy: &Policy) -> Vec<String> {
        let names = self.packages.iter().map(|package| (&*package.id, package));
        let names: BTreeMap<&str, &Package> = names.collect();
        let mut findings = Vec::new();
        for package in self.foreign() {
            let name = format!("{} {}", package.name, package.version);
            let source = package.source.as_deref().unwrap_or_default();
            if !source.starts_with("registry+") {
                findings.push(format!("{name} is not from a registry, but from {source}"));
            }
            if let Some(why) = licence_fault(package.license.as_deref(), policy) {
                findings.push(format!("{name}: {why}"));
            }
        }
        for refused in &policy.refused {
            let users = self.users(&refused.name, &names);
            let strangers = users
                .into_iter()
                .filter(|user| !refused.wrappers.iter().any(|wrapper| wrapper == user));
            findings.extend(strangers.map(|user| {
                let (name, reason) = (&refused.name, &refused.reason);
                format!("{user} depends on {name}, which is refused: {reason}")
            }));
        }
        findings
    }

    /// The names of the crates that depend on those called `name`.
    fn users<'a>(&'a self, name: &str, names: &BTreeMap<&str, &'a Package>) -> Vec<&'a str> {
        let is_it = |id: &String| names.get(&**id).is_some_and(|package| package.name == name);
        let nodes = self.resolve.nodes.iter();
        let users = nodes.filter(|node| node.dependencies.iter().any(is_it));
        users
            .filter_map(|node| names.get(&*node.id).map(|package| &*package.name))
            .collect()
    }
}

/// Why a crate may not be used under its licence.
fn licence_fault(licence: Option<&str>, policy: &Policy) -> Option<String> {
    let Some(licence) = licence else {
        return Some("it names no licence".into());
    };
    let expression = match spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX) {
        Ok(expression) => expression,
        Err(error) => return Some(format!("`{licence}` is not an expression of SPDX: {error}")),
    };
    let is_allowed = expression.evaluate(|wanted| {
        let mut allowed = policy.licences.iter();
        allowed.any(|licence| licence.satisfies(wanted))
    });
    (!is_allowed).then(|| format!("its licence is `{licence}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(licence: &str, source: &str) -> Vec<String> {
        let policy = Policy::parse(
            r#"
            [licenses]
            allow = ["MIT", "Apache-2.0", "Unicode-3.0"]
            [bans]
            deny = [{ crate = "old", reason = "unmaintained", wrappers = ["known"] }]
            "#,
        );
        let graph = format!(
            r#"{{
            "packages": [
                {{ "id": "a", "name": "ours", "version": "1.0.0", "license": null,
                   "source": null }},
                {{ "id": "b", "name": "old", "version": "1.0.0", "license": {licence},
                   "source": "{source}" }},
                {{ "id": "c", "name": "known", "version": "1.0.0", "license": "MIT",
                   "source": "registry+x" }},
                {{ "id": "d", "name": "unused", "version": "1.0.0", "license": "GPL-3.0-only",
                   "source": "registry+x" }}
            ],
            "resolve": {{ "nodes": [
                {{ "id": "a", "dependencies": ["b", "c"] }},
                {{ "id": "b", "dependencies": [] }},
                {{ "id": "c", "dependencies": ["b"] }}
            ] }} }}"#
        );
        Graph::parse(&graph).unwrap().check(&policy.unwrap())
    }

    const REFUSED: &str = "ours depends on old, which is refused: unmaintained";

    #[test]
    fn a_refused_crate_is_found_unless_by_whom_it_is_known() {
        assert_eq!(findings(r#""MIT""#, "registry+x"), [REFUSED]);
    }

    #[test]
    fn licences_are_expressions() {
        for good in [
            "MIT OR GPL-3.0-only",
            "MIT/Apache-2.0",
            "(MIT OR ISC) AND Unicode-3.0",
        ] {
            assert_eq!(findings(&format!("{good:?}"), "registry+x"), [REFUSED]);
        }
        for bad in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "my own"] {
            assert_eq!(
                findings(&format!("{bad:?}"), "registry+x").len(),
                2,
                "{bad}"
            );
        }
        assert_eq!(findings("null", "registry+x").len(), 2);
    }

    #[test]
    fn crates_come_from_a_registry() {
        assert_eq!(findings(r#""MIT""#, "git+somewhere").len(), 2);
    }
}
