//! What is shown on a terminal, and nowhere else: colours, folded lines, progress. A terminal is
//! what the `script` of Linux makes, which has to be there; other systems have another one, and
//! these tests have nothing to look at.

use std::process::Command;

use crate::harness::{Place, Said};

/// What a command shows on a terminal of so many columns; nothing where this is not Linux.
fn shown(place: &Place, columns: u16, words: &str, variable: Option<&str>) -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let version = Command::new("script").arg("--version").output();
    assert!(
        version.is_ok(),
        "`script` is missing: install bsdutils, or run `cargo xtask setup`"
    );
    let program = env!("CARGO_BIN_EXE_swarmlet");
    let typed = format!("stty rows 30 cols {columns}; {program} {words}");
    let mut command = Command::new("script");
    command.args(["-qec", &typed, "typescript"]);
    command.env("SWARMLET_FOLDER", place.path());
    command.env("TERM", "xterm-256color");
    command.env_remove("NO_COLOR");
    command.envs(variable.map(|name| (name, "1")));
    command.current_dir(place.beside(""));
    let said = Said::of(&mut command);
    assert_eq!(said.code, Some(0), "{said:?}");
    Some(said.out.replace('\r', ""))
}

#[test]
fn headings_are_bold_on_a_terminal_unless_colours_are_not_wanted() {
    let place = Place::new();
    place.print(&["publish", "1", "-t", "a"]);
    let Some(table) = shown(&place, 200, "query", None) else {
        return;
    };
    assert!(table.starts_with("\u{1b}[1mTIME "), "{table:?}");
    let plain = shown(&place, 200, "query", Some("NO_COLOR")).unwrap();
    assert!(
        plain.starts_with("TIME ") && !plain.contains('\u{1b}'),
        "{plain:?}"
    );
    let json = shown(&place, 200, "query --json", None).unwrap();
    assert!(
        json.starts_with('{') && !json.contains('\u{1b}'),
        "{json:?}"
    );
    assert!(!place.print(&["query"]).contains('\u{1b}'));
}

#[test]
fn only_texts_are_folded_and_only_on_a_terminal() {
    let place = Place::new();
    let text = "word ".repeat(20);
    let key = place.row(&["publish", &format!("\"{text}\""), "-t", "a"]);
    let Some(table) = shown(&place, 150, "query", None) else {
        return;
    };
    assert!(table.lines().count() > 2, "{table}");
    assert!(table.contains(key["stream"].as_str().unwrap()), "{table}");
    assert_eq!(place.print(&["query"]).lines().count(), 2);
}

#[test]
fn progress_is_shown_to_people_only() {
    let place = Place::new();
    std::fs::write(place.beside("film.mp4"), vec![7; 20_000_000]).unwrap();
    let Some(table) = shown(&place, 100, "blobs put film.mp4", None) else {
        return;
    };
    assert!(table.contains("MiB/s"), "{table:?}");
    let quiet = shown(&place, 100, "blobs put film.mp4 --quiet", None).unwrap();
    assert!(!quiet.contains("MiB/s"), "{quiet:?}");
    let said = place.ask(&["blobs", "put", "film.mp4"]);
    assert_eq!(said.err, "");
}
