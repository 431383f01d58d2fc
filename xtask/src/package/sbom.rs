//! Bills of materials: which crates end in what is packed, in CycloneDX 1.5.

use crate::{cargo, shell};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What `cargo metadata` tells, as far as it is needed.
#[derive(Deserialize)]
struct Told {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    /// Absent for what ends in the library; else `dev` or `build`.
    kind: Option<String>,
}

/// Writes the bill of a crate of the workspace for this platform.
pub(super) fn write(name: &str, path: &Path) -> Result<()> {
    let words = ["metadata", "--format-version", "1", "--locked"];
    let platform = ["--filter-platform", &cargo::host()?];
    let mut cargo = shell::command(&["cargo"]);
    let told = cargo.args(words).args(platform).output();
    let told = told.context("cannot start cargo")?;
    let complaint = String::from_utf8_lossy(&told.stderr);
    ensure!(told.status.success(), "cargo metadata failed: {complaint}");
    let told = serde_json::from_slice(&told.stdout).context("cargo metadata is not understood")?;
    let bill = serde_json::to_string_pretty(&bill(&told, name)?)?;
    fs::write(path, bill + "\n").with_context(|| format!("cannot write {}", path.display()))
}

fn bill(told: &Told, name: &str) -> Result<Value> {
    let packages: BTreeMap<&str, &Package> = told
        .packages
        .iter()
        .map(|package| (&*package.id, package))
        .collect();
    let mut own = told.packages.iter().filter(|package| package.name == name);
    let own = own.next().with_context(|| format!("no crate {name}"))?;
    let edges = edges(told, &packages, own);
    let parts = edges.keys().filter(|id| **id != own.id);
    let parts: Vec<Value> = parts.map(|id| component(packages[id])).collect();
    let dependencies = edges.iter().map(|(id, uses)| {
        let uses: Vec<String> = uses.iter().map(|id| reference(packages[id])).collect();
        json!({"ref": reference(packages[id]), "dependsOn": uses})
    });
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(own)},
        "components": parts,
        "dependencies": dependencies.collect::<Vec<_>>(),
    }))
}

/// What ends in the library, and what each uses: no build scripts, no macros, no tests.
fn edges<'a>(
    told: &'a Told,
    packages: &BTreeMap<&'a str, &'a Package>,
    own: &'a Package,
) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let nodes: BTreeMap<&str, &Node> = told
        .resolve
        .nodes
        .iter()
        .map(|node| (&*node.id, node))
        .collect();
    let is_linked = |edge: &&'a Edge| {
        let is_normal = edge.dep_kinds.iter().any(|kind| kind.kind.is_none());
        is_normal && !is_macro(packages[&*edge.pkg])
    };
    let mut found = BTreeMap::new();
    let mut waiting = vec![&*own.id];
    while let Some(id) = waiting.pop() {
        if found.contains_key(id) {
            continue;
        }
        let deps = nodes[id].deps.iter().filter(is_linked);
        let uses: BTreeSet<&str> = deps.map(|edge| &*edge.pkg).collect();
        waiting.extend(&uses);
        found.insert(id, uses);
    }
    found
}

fn is_macro(package: &Package) -> bool {
    let mut kinds = package.targets.iter().flat_map(|target| &target.kind);
    kinds.any(|kind| kind == "proc-macro")
}

fn reference(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

fn component(package: &Package) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(package),
        "name": package.name,
        "version": package.version,
        "purl": reference(package),
    });
    if let Some(licence) = &package.license {
        // Some old crates write a slash where others write OR.
        let expression = licence.replace('/', " OR ");
        component["licenses"] = json!([{"expression": expression}]);
    }
    component
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_has_what_is_linked_and_nothing_else() {
        let package = |name: &str, kind: &str| {
            json!({"id": name, "name": name, "version": "1.2.3", "license": "MIT/Apache-2.0",
                "targets": [{"kind": [kind]}]})
        };
        let edge =
            |name: &str, kind: Option<&str>| json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
        let node = |name: &str, deps: Vec<Value>| json!({"id": name, "deps": deps});
        let told = json!({
            "packages": [package("own", "cdylib"), package("used", "lib"), package("deep", "lib"),
                package("derive", "proc-macro"), package("script", "lib"), package("other", "lib")],
            "resolve": {"nodes": [
                node("own", vec![edge("used", None), edge("script", Some("build"))]),
                node("used", vec![edge("deep", None), edge("derive", None)]),
                node("deep", vec![edge("other", Some("dev"))]),
                node("derive", vec![]), node("script", vec![]), node("other", vec![]),
            ]},
        });
        let json = bill(&serde_json::from_value(told).unwrap(), "own").unwrap();
        assert_eq!(json["bomFormat"], "CycloneDX");
        assert_eq!(json["metadata"]["component"]["name"], "own");
        let parts = json["components"].as_array().unwrap();
        let names: Vec<&Value> = parts.iter().map(|part| &part["name"]).collect();
        assert_eq!(names, ["deep", "used"]);
        assert_eq!(parts[0]["purl"], "pkg:cargo/deep@1.2.3");
        assert_eq!(parts[0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(
            json["dependencies"][2],
            json!({"ref": "pkg:cargo/used@1.2.3", "dependsOn": ["pkg:cargo/deep@1.2.3"]})
        );
    }
}
