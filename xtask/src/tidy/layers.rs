//! Which module of the engine may import which. Imports go down only.

use super::paths;
use super::source::{Finding, Source};

const ENGINE: &str = "core/engine/src/";

/// The floors of the engine, lowest first: a module, and the ones it may import.
const FLOORS: &[(&str, &[&str])] = &[
    ("limits", &[]),
    ("error", &["limits"]),
    ("event", &["error", "limits"]),
    ("select", &["error", "event", "limits"]),
    ("membership", &["error", "event", "limits"]),
    ("storage", &["error", "limits"]),
    (
        "segment",
        &["error", "event", "limits", "select", "storage"],
    ),
    (
        "log",
        &["error", "event", "limits", "segment", "select", "storage"],
    ),
    (
        "sync",
        &[
            "error",
            "event",
            "limits",
            "log",
            "membership",
            "select",
            "storage",
        ],
    ),
    ("blobs", &["error", "event", "limits", "storage", "sync"]),
];

/// Imports of the engine's modules from each other.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let Some(inside) = source.path.strip_prefix(ENGINE) else {
        return Vec::new();
    };
    let modules = paths::module_of(&source.path);
    let Some(module) = modules.first().filter(|_| inside.ends_with(".rs")) else {
        return Vec::new();
    };
    let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| name == module) else {
        let message = format!("`{module}` has no floor yet: add it to the table in xtask");
        return vec![source.finding(1, message)];
    };
    let is_upward = |target: &str| target != module && !allowed.contains(&target);
    let mut findings = Vec::new();
    for named in paths::named(source) {
        let Some(target) = named.parts.get(1).filter(|_| named.parts[0] == "crate") else {
            continue;
        };
        if is_module(target) && is_upward(target) {
            let message = format!("`{module}` must not know `{target}`: imports go down only");
            findings.push(source.finding(named.line, message));
        } else if !is_module(target) {
            let message = format!("name `{target}` by its module, not by the crate's root");
            findings.push(source.finding(named.line, message));
        }
    }
    findings
}

fn is_module(name: &str) -> bool {
    FLOORS.iter().any(|(module, _)| *module == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        let source = Source::new(path, text).ok().unwrap();
        check(&source).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn imports_from_below_are_fine() {
        let text = "use crate::event::Event;\nuse super::x::Y;\nuse crate::segment::Z;\n";
        assert!(messages("core/engine/src/log/writer.rs", text).is_empty());
        assert!(messages("core/swarmlet/src/a.rs", "use crate::b::C;").is_empty());
    }

    #[test]
    fn imports_from_above_are_found_however_they_are_written() {
        for text in [
            "use crate::log::A;",
            "use crate::{event::B, log::A};",
            "use super::super::log::A;",
            "fn a() { crate::log::b() }",
        ] {
            let found = messages("core/engine/src/segment/block.rs", text);
            assert_eq!(found.len(), 1, "{text}");
            assert!(found[0].contains("`segment` must not know `log`"));
        }
    }

    #[test]
    fn a_detour_over_the_root_is_found() {
        let found = messages("core/engine/src/event/tag.rs", "use crate::Writer;");
        assert!(found[0].contains("name `Writer` by its module"));
    }

    #[test]
    fn a_module_without_a_floor_is_found() {
        assert!(messages("core/engine/src/attic.rs", "")[0].contains("no floor"));
        assert!(messages("core/engine/src/lib.rs", "mod attic;").is_empty());
    }

    #[test]
    fn the_table_itself_goes_down_only() {
        for (index, (module, allowed)) in FLOORS.iter().enumerate() {
            for below in *allowed {
                let is_lower = FLOORS[..index].iter().any(|(name, _)| name == below);
                assert!(
                    is_lower,
                    "{module} may import {below}, which is not below it"
                );
            }
        }
    }
}
