//! What README and guide show in Rust, C and C++ is quoted from programs that run.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_readme_quotes_the_press_two_devices_and_blobs() {
    check_quotes(
        "README.md",
        "rust",
        &[
            "examples/guide/src/bin/press.rs",
            "examples/two_devices/src/main.rs",
            "examples/guide/src/bin/blobs_tour.rs",
        ],
    );
}

#[test]
fn the_page_about_swarms_quotes_two_devices_and_its_tour() {
    check_quotes(
        "docs/guide/swarm.md",
        "rust",
        &[
            "examples/two_devices/src/main.rs",
            "examples/guide/src/bin/swarm_tour.rs",
        ],
    );
}

#[test]
fn the_page_about_blobs_quotes_its_tour() {
    check_quotes(
        "docs/guide/blobs.md",
        "rust",
        &["examples/guide/src/bin/blobs_tour.rs"],
    );
}

#[test]
fn the_guide_quotes_the_tour() {
    check_quotes(
        "docs/guide/getting-started.md",
        "rust",
        &["examples/guide/src/bin/tour.rs"],
    );
}

#[test]
fn what_is_shown_in_c_and_cpp_is_quoted_too() {
    let programs = [
        "examples/press.c",
        "examples/blobs.c",
        "examples/machine_connector/connector.c",
    ];
    check_quotes("README.md", "c", &programs);
    check_quotes("docs/guide/c.md", "c", &programs);
    check_quotes("docs/guide/c.md", "cpp", &["examples/press.cpp"]);
}

#[test]
fn the_press_runs_twice_on_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = output(env!("CARGO_BIN_EXE_press"), folder.path());
    assert_eq!(first.lines().next(), Some("stopped: \"jam\""));
    assert!(first.contains("1 events; resume from"), "{first}");
    let second = output(env!("CARGO_BIN_EXE_press"), folder.path());
    assert!(second.contains("2 events; resume from"), "{second}");
}

#[test]
fn the_tour_runs() {
    let folder = tempfile::tempdir().unwrap();
    let shown = output(env!("CARGO_BIN_EXE_tour"), folder.path());
    for part in ["jam cost 2 parts", "1 so far", "invalid_query: ", "^"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn the_tour_of_swarms_runs() {
    let folder = tempfile::tempdir().unwrap();
    let shown = output(env!("CARGO_BIN_EXE_swarm_tour"), folder.path());
    assert!(shown.starts_with("this device shows "), "{shown}");
    assert!(shown.contains(" behind 0 ahead 0"), "{shown}");
}

#[test]
fn the_tour_of_blobs_runs() {
    let folder = tempfile::tempdir().unwrap();
    let shown = output(env!("CARGO_BIN_EXE_blobs_tour"), folder.path());
    for part in [
        "tool 12.jpeg is 100000 bytes",
        "3 records",
        "[60, 115, 118, 103] are the first",
        "100 % are here",
        "cannot read the file to store (path missing)",
        "nobody who can be reached has ",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let saved = |name| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(saved("copy.svg"), saved("drawing.svg"));
    assert_eq!(saved("film.mp4"), [9; 5_000_000]);
}

/// Every block of the document in the language is there in one of the programs, line by line,
/// indented or not.
fn check_quotes(document: &str, language: &str, programs: &[&str]) {
    let programs: Vec<String> = programs.iter().map(|program| read(program)).collect();
    let programs = programs
        .iter()
        .map(|program| program.lines().map(str::trim));
    let programs: Vec<Vec<&str>> = programs.map(Iterator::collect).collect();
    let document = read(document);
    let blocks = blocks(&document, language);
    assert!(!blocks.is_empty());
    for block in blocks {
        let block: Vec<&str> = block.lines().map(str::trim).collect();
        let quotes = |program: &Vec<&str>| {
            let mut windows = program.windows(block.len());
            windows.any(|lines| lines == block)
        };
        let is_quoted = programs.iter().any(quotes);
        assert!(is_quoted, "not in the program:\n{}", block.join("\n"));
    }
}

fn blocks<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let after_fences = document.split(&fence).skip(1);
    after_fences
        .map(|rest| rest.split("```").next().unwrap().trim_end())
        .collect()
}

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).unwrap()
}

fn output(program: &str, folder: &Path) -> String {
    let output = Command::new(program).current_dir(folder).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}
