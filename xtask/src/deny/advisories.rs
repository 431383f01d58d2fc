//! What RustSec knows against crates that we build.
//!
//! Its database is on a host of its own. Where that cannot be reached nothing is checked, and that
//! is said loudly; everywhere else an advisory is a finding, unless the policy says why not.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use rustsec::advisory::Advisory;
use rustsec::{Collection, Database};

use super::policy::Ignored;
use crate::root;

/// A crate that is built.
pub(super) struct Built<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
}

/// Every advisory that concerns what is built, a line each.
pub(super) fn check(built: &[Built<'_>], ignored: &[Ignored]) -> Result<Vec<String>> {
    let Some(folder) = folder() else {
        println!("ADVISORIES NOT CHECKED: {DATABASE} cannot be reached");
        println!("  {FOLDER_VARIABLE} may name a folder that has it");
        return Ok(Vec::new());
    };
    let read = Database::open(&folder);
    let database = read.with_context(|| format!("no advisories in {}", folder.display()))?;
    println!("{} advisories known", database.iter().count());
    let mut findings = Vec::new();
    for advisory in database.iter() {
        findings.extend(concerning(advisory, built, ignored)?);
    }
    Ok(findings)
}

/// Where the database is: where we are told, or fetched anew.
fn folder() -> Option<PathBuf> {
    if let Some(told) = env::var_os(FOLDER_VARIABLE) {
        return Some(told.into());
    }
    let folder = root::path(FOLDER);
    let is_there = folder.is_dir();
    let is_fetched = if is_there {
        git(&folder, &["pull", "--quiet"])
    } else {
        let kept = folder.display().to_string();
        let clone = ["clone", "--quiet", "--depth", "1", DATABASE, &kept];
        git(&root::path("."), &clone)
    };
    if is_there && !is_fetched {
        println!("advisories are as old as they were when they could be fetched last");
    }
    (is_there || is_fetched).then_some(folder)
}

/// Never asks anybody, and gives up a connection on which nothing comes.
fn git(at: &Path, words: &[&str]) -> bool {
    let patience = ["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=20"];
    let mut command = Command::new("git");
    command.current_dir(at).args(patience).args(words);
    command.env("GIT_TERMINAL_PROMPT", "0");
    let ended = command.stderr(Stdio::null()).status();
    ended.is_ok_and(|status| status.success())
}

/// What an advisory says of what is built.
fn concerning(
    advisory: &Advisory,
    built: &[Built<'_>],
    ignored: &[Ignored],
) -> Result<Vec<String>> {
    let id = advisory.id().as_str();
    let is_ignored = ignored.iter().any(|ignored| ignored.id == id);
    let is_of_rust = advisory.metadata.collection == Some(Collection::Rust);
    if is_ignored || is_of_rust || advisory.withdrawn() {
        return Ok(Vec::new());
    }
    let package = advisory.metadata.package.as_str();
    let mut findings = Vec::new();
    for one in built.iter().filter(|one| one.name == package) {
        let parsed = one.version.parse();
        let version = parsed.with_context(|| format!("{package} has no version"))?;
        if advisory.versions.is_vulnerable(&version) {
            let title = advisory.title();
            findings.push(format!("{package} {version}: {id}, {title}"));
        }
    }
    Ok(findings)
}

const DATABASE: &str = "https://github.com/RustSec/advisory-db";
const FOLDER: &str = "target/advisory-db";
const FOLDER_VARIABLE: &str = "SWARMLET_ADVISORIES";

#[cfg(test)]
mod tests {
    use super::*;

    fn found(version: &str, ignored: &[Ignored]) -> Vec<String> {
        let advisory: Advisory = ADVISORY.parse().unwrap();
        let built = [
            Built {
                name: "leaky",
                version,
            },
            Built {
                name: "other",
                version: "0.1.0",
            },
        ];
        concerning(&advisory, &built, ignored).unwrap()
    }

    #[test]
    fn a_version_that_is_not_mended_is_found() {
        assert_eq!(
            found("1.2.2", &[]),
            ["leaky 1.2.2: RUSTSEC-2001-0001, Leaks"]
        );
        assert!(found("1.2.3", &[]).is_empty());
    }

    #[test]
    fn what_the_policy_explains_is_no_finding() {
        let ignored = Ignored {
            id: "RUSTSEC-2001-0001".into(),
            reason: "not used that way".into(),
        };
        assert!(found("1.2.2", &[ignored]).is_empty());
    }

    const ADVISORY: &str = r#"```toml
[advisory]
id = "RUSTSEC-2001-0001"
package = "leaky"
date = "2001-02-03"

[versions]
patched = [">= 1.2.3"]
```

# Leaks

It leaks.
"#;
}
