//! Which crate of the workspace may depend on which. The same rule as for modules, one floor up.

use super::source::{Finding, Source};

/// A folder and the crates of ours that its package may depend on.
const CRATES: &[(&str, &[&str])] = &[
    ("bindings/c", &["swarmlet", "swarmlet-facade"]),
    ("bindings/facade", &["swarmlet"]),
    ("bindings/node", &["swarmlet", "swarmlet-facade"]),
    ("bindings/python", &["swarmlet", "swarmlet-facade"]),
    ("bindings/uniffi", &["swarmlet", "swarmlet-facade"]),
    ("bindings/uniffi-bindgen", &[]),
    ("cli", &["swarmlet", "swarmlet-gateway"]),
    ("core/aql", &[]),
    ("core/engine", &[]),
    // The language only for the feature words and texts that the predecessor's clients know.
    ("core/gateway", &["swarmlet", "swarmlet-aql"]),
    ("core/net", &[]),
    (
        "core/swarmlet",
        &["swarmlet-aql", "swarmlet-engine", "swarmlet-net"],
    ),
];
const TABLES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// The dependencies of a package in `cli`, or below `core` or `bindings`, on others of the
/// workspace.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let Some(folder) = source.path.strip_suffix("/Cargo.toml") else {
        return Vec::new();
    };
    let is_product = folder.starts_with("core/") || folder.starts_with("bindings/");
    if !is_product && folder != "cli" {
        return Vec::new();
    }
    let Some((_, allowed)) = CRATES.iter().find(|(path, _)| *path == folder) else {
        let message = "this crate has no floor yet: add it to the table in xtask";
        return vec![source.finding(1, message)];
    };
    let Ok(manifest) = source.text.parse::<toml::Table>() else {
        return vec![source.finding(1, "the manifest does not parse")];
    };
    let ours = TABLES
        .iter()
        .filter_map(|table| manifest.get(*table)?.as_table())
        .flat_map(|table| table.keys())
        .filter(|name| name.starts_with("swarmlet"));
    let upward = ours.filter(|name| !allowed.contains(&name.as_str()));
    upward
        .map(|name| source.finding(1, format!("`{folder}` must not depend on `{name}`")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Source::new(path, text).ok().unwrap()).len()
    }

    #[test]
    fn a_dependency_on_a_floor_above_is_found() {
        let text = "[dev-dependencies]\nswarmlet-engine.workspace = true\n";
        assert_eq!(count("core/aql/Cargo.toml", text), 1);
        assert_eq!(count("core/swarmlet/Cargo.toml", text), 0);
        assert_eq!(count("cli/Cargo.toml", text), 1);
        assert_eq!(count("tests/bench/Cargo.toml", text), 0);
    }

    #[test]
    fn a_crate_without_a_floor_is_found() {
        assert_eq!(count("core/attic/Cargo.toml", ""), 1);
    }
}
