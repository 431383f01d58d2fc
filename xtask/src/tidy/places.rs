//! No tracked file names a place that only one machine knows: a path on it, or a package mirror.

use super::source::{Finding, Source};

/// Hosts that documents and settings may point to. Everything else is refused, so that no package
/// registry or mirror is ever written down: clients know theirs by themselves.
const HOSTS: &[&str] = &[
    "127.0.0.1",
    "doc.rust-lang.org",
    "docs.python.org",
    "docs.rs",
    "example.com",
    "example.org",
    "github.com",
    "json-schema.org",
    "keepachangelog.com",
    "localhost",
    "maven.apache.org",
    "peps.python.org",
    // A name in manifests of Android, not a place.
    "schemas.android.com",
    "semver.org",
    "sqlite.org",
    "www.apache.org",
    "www.rfc-editor.org",
    "www.sqlite.org",
    "www.w3.org",
];

/// Endings of names that nobody can have, reserved for examples and for one's own machine.
const NOBODYS: &[&str] = &[".example", ".localhost"];

/// Where machines keep what is theirs. Split, so that this file does not break its own rule.
const MACHINE_PATHS: &[&str] = &[
    concat!("/", "home/"),
    concat!("/", "root/"),
    concat!("/", "work/"),
    concat!("/", "Users/"),
];

/// Settings that send a package client somewhere else.
const REDIRECTIONS: &[&str] = &[concat!("index", "-url"), concat!("replace", "-with")];

/// Paths and hosts in any text file. Lock files are the clients' own; npm's would name the registry
/// of each package.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let name = source.file_name();
    if name == "package-lock.json" {
        let resolved = source
            .lines()
            .find(|(_, line)| line.contains("\"resolved\""));
        let message = "no `resolved`: set omit-lockfile-registry-resolved in .npmrc";
        return resolved
            .map(|(number, _)| source.finding(number, message))
            .into_iter()
            .collect();
    }
    if name.ends_with(".lock") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in source.lines() {
        if let Some(path) = MACHINE_PATHS.iter().find(|path| has_absolute(line, path)) {
            findings.push(source.finding(number, format!("`{path}` is a path of one machine")));
        }
        if let Some(host) = hosts(line).find(|host| !is_known(host)) {
            findings.push(source.finding(number, format!("`{host}` is not a host we point to")));
        }
        if let Some(setting) = REDIRECTIONS.iter().find(|setting| line.contains(**setting)) {
            let message = format!("`{setting}`: package clients are configured by the machine");
            findings.push(source.finding(number, message));
        }
    }
    findings
}

fn is_known(host: &str) -> bool {
    HOSTS.contains(&host) || NOBODYS.iter().any(|ending| host.ends_with(ending))
}

/// Whether the path stands there as an absolute one, not as the middle of a relative one.
fn has_absolute(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(index, _)| {
        let before = line[..index].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || "._-})]>".contains(letter))
    })
}

/// The hosts of all addresses in a line, without user, port and path.
fn hosts(line: &str) -> impl Iterator<Item = &str> {
    line.split("://").skip(1).filter_map(|rest| {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || ".-".contains(letter);
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        Some(rest[..end].trim_end_matches('.')).filter(|host| host.contains('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Source::new(path, text).ok().unwrap()).len()
    }

    #[test]
    fn paths_of_a_machine_are_found() {
        for path in MACHINE_PATHS {
            assert_eq!(
                count("README.md", &format!("see {path}somebody/x\n")),
                1,
                "{path}"
            );
            assert_eq!(
                count("README.md", &format!("see target{path}x\n")),
                0,
                "{path}"
            );
        }
    }

    #[test]
    fn unknown_hosts_are_found() {
        let address = |host: &str| format!("at <https://{host}/a/b>\n");
        assert_eq!(count("README.md", &address("github.com")), 0);
        assert_eq!(count("README.md", &address("app.example")), 0);
        assert_eq!(count("README.md", &address("mirror.example.net")), 1);
        assert_eq!(count("Cargo.lock", &address("mirror.example.net")), 0);
        assert_eq!(count("a/package-lock.json", "\"integrity\": \"x\"\n"), 0);
        assert_eq!(count("a/package-lock.json", "\"resolved\": \"x\"\n"), 1);
        assert_eq!(count("README.md", "tcp://{address} and redis://\n"), 0);
    }

    #[test]
    fn redirected_package_clients_are_found() {
        for setting in REDIRECTIONS {
            assert_eq!(
                count("setup.cfg", &format!("{setting} = here\n")),
                1,
                "{setting}"
            );
        }
    }
}
