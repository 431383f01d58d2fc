//! What the pure crates must not touch: the world. Clippy refuses calls, this refuses names.

use super::paths;
use super::source::{Finding, Source};

const PURE: &[&str] = &["core/engine/", "core/aql/"];
/// The one place where the engine meets the operating system.
const DISK: &str = "core/engine/src/storage/fs";

/// A path, what to do instead, and whether tests may name it.
const WORLD: &[(&str, &str, bool)] = &[
    ("getrandom", "entropy is passed in", false),
    ("rand", "entropy is passed in", false),
    ("std::env", "settings are passed in", false),
    ("std::fs", "use storage::Disk", false),
    ("std::net", "sockets belong to the node", false),
    ("std::process", "processes belong to the node", false),
    ("std::thread", "threads belong to the node", true),
    (
        "std::thread::sleep",
        "nothing here waits for time to pass",
        false,
    ),
    ("std::time::Instant", "time is passed in", false),
    ("std::time::SystemTime", "time is passed in", false),
    (
        "thread::sleep",
        "nothing here waits for time to pass",
        false,
    ),
    ("tokio", "the pure crates are not async", false),
];

/// Names of clocks, entropy, threads, sockets and files in the pure crates.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    if !PURE.iter().any(|folder| source.path.starts_with(folder)) {
        return Vec::new();
    }
    let is_test = source.path.contains("/tests/") || source.file_name() == "tests.rs";
    let is_disk = source.path.starts_with(DISK);
    let mut findings = Vec::new();
    for named in paths::named(source) {
        let breach = WORLD.iter().find(|(path, _, in_tests)| {
            named.is_below(path) && !(is_test && *in_tests) && !(is_disk && *path == "std::fs")
        });
        if let Some((path, instead, _)) = breach {
            findings.push(source.finding(named.line, format!("no `{path}` here: {instead}")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Source::new(path, text).ok().unwrap()).len()
    }

    #[test]
    fn the_world_is_found_in_the_pure_crates_only() {
        for (path, _, _) in WORLD {
            let text = format!("use {path}::x;\n");
            assert_eq!(count("core/engine/src/log/writer.rs", &text), 1, "{path}");
            assert_eq!(count("core/aql/src/parse.rs", &text), 1, "{path}");
            assert_eq!(count("core/swarmlet/src/node.rs", &text), 0, "{path}");
        }
    }

    #[test]
    fn only_the_disk_may_use_files() {
        let text = "use std::{fs, io};\n";
        assert_eq!(count("core/engine/src/storage/fs.rs", text), 0);
        assert_eq!(count("core/engine/src/storage/sim.rs", text), 1);
        assert_eq!(
            count("core/engine/src/storage/fs.rs", "use std::net::TcpStream;"),
            1
        );
    }

    #[test]
    fn tests_may_start_threads_but_not_sleep() {
        assert_eq!(count("core/engine/tests/readers.rs", "use std::thread;"), 0);
        assert_eq!(
            count(
                "core/engine/src/log/tests.rs",
                "fn a() { std::thread::spawn(b) }"
            ),
            0
        );
        for sleep in ["std::thread::sleep(d)", "thread::sleep(d)"] {
            let text = format!("fn a() {{ {sleep} }}");
            assert_eq!(count("core/engine/tests/readers.rs", &text), 1, "{sleep}");
        }
    }
}
