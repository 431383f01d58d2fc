//! One version for all packages: the manifests of other languages say what `Cargo.toml` says.
//!
//! Python asks the crate for it, CMake and pkg-config read `Cargo.toml`.

use super::source::{Finding, Source};

/// That of the whole workspace, this package included.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What Maven and Gradle call us, before the name of an artifact.
const GROUP: &str = "io.github.swarmlet:";
const PARENT: &str = "<artifactId>swarmlet-parent</artifactId>";

/// Versions of ours in manifests, and wherever a package is named as Gradle names it.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let strange = match source.path.as_str() {
        "node/package.json" => npm(source, VERSION),
        "Cargo.toml" => cargo(source, VERSION),
        "tests/fuzz/Cargo.toml" => own_line(source, "version = ", VERSION),
        "python/pyproject.toml" => own_line(source, "dynamic = ", "version"),
        path if path.ends_with("pom.xml") => maven(source, VERSION),
        _ => coordinates(source, VERSION),
    };
    let message = format!("the version is {VERSION}, exactly");
    let findings = strange.into_iter();
    findings
        .map(|number| source.finding(number, &*message))
        .collect()
}

/// The numbers of the lines that are asked about and do not hold what is expected.
fn strangers(source: &Source, is_asked: impl Fn(&str) -> bool, expected: &str) -> Vec<usize> {
    let strange = source
        .lines()
        .filter(|(_, line)| is_asked(line) && !line.contains(expected));
    strange.map(|(number, _)| number).collect()
}

/// Of the package, and of those of its native half.
fn npm(source: &Source, version: &str) -> Vec<usize> {
    let is_ours = |line: &str| {
        let line = line.trim_start();
        line.starts_with("\"version\"") || line.starts_with("\"@swarmlet/")
    };
    strangers(source, is_ours, &format!(": \"{version}\""))
}

/// Of the crates among each other.
fn cargo(source: &Source, version: &str) -> Vec<usize> {
    let is_ours = |line: &str| line.starts_with("swarmlet") && line.contains("path = ");
    strangers(source, is_ours, &format!("version = \"={version}\""))
}

/// The one line that begins so has to be there; if it is not, the first line is the finding.
fn own_line(source: &Source, beginning: &str, expected: &str) -> Vec<usize> {
    let mut lines = source.lines();
    match lines.find(|(_, line)| line.starts_with(beginning)) {
        Some((_, line)) if line.contains(&format!("\"{expected}\"")) => Vec::new(),
        Some((number, _)) => vec![number],
        None => vec![1],
    }
}

/// Of the parent of all modules, in itself and where they name it: on the next line.
fn maven(source: &Source, version: &str) -> Vec<usize> {
    let expected = format!("<version>{version}</version>");
    let lines: Vec<(usize, &str)> = source.lines().collect();
    let named = lines.windows(2).filter(|pair| pair[0].1.trim() == PARENT);
    let strange = named.filter(|pair| pair[1].1.trim() != expected);
    strange.map(|pair| pair[1].0).collect()
}

/// Wherever a package is named with its version.
fn coordinates(source: &Source, version: &str) -> Vec<usize> {
    let is_strange = |line: &str| {
        line.split(GROUP).skip(1).any(|rest| {
            let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-.:+".contains(letter);
            let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
            let named = rest[..end].split(':').nth(1);
            named.is_some_and(|named| named.trim_end_matches('.') != version)
        })
    };
    let strange = source.lines().filter(|(_, line)| is_strange(line));
    strange.map(|(number, _)| number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source::new(path, text).ok().unwrap()
    }

    #[test]
    fn another_version_of_npm_is_found() {
        let text = "{\n  \"version\": \"1.2.3\",\n  \"@swarmlet/node-x\": \"^1.2.3\"\n}\n";
        let source = source("node/package.json", text);
        assert_eq!(npm(&source, "1.2.3"), [3]);
        assert_eq!(npm(&source, "1.2.4"), [2, 3]);
    }

    #[test]
    fn another_version_of_a_crate_is_found() {
        let text = "swarmlet = { path = \"a\", version = \"=1.2.3\" }\nspdx = \"0.1\"\n";
        let source = source("Cargo.toml", text);
        assert!(cargo(&source, "1.2.3").is_empty());
        assert_eq!(cargo(&source, "1.2.4"), [1]);
    }

    #[test]
    fn another_version_of_the_parent_is_found() {
        let text = format!("<parent>\n  {PARENT}\n  <version>1.2.3</version>\n</parent>\n");
        let source = source("android/lib/pom.xml", &text);
        assert!(maven(&source, "1.2.3").is_empty());
        assert_eq!(maven(&source, "1.2.30"), [3]);
    }

    #[test]
    fn packages_are_named_with_this_version() {
        let text = format!("`{GROUP}swarmlet`\n(\"{GROUP}swarmlet-android:1.2.3\").\n");
        let source = source("docs/guide/kotlin.md", &text);
        assert!(coordinates(&source, "1.2.3").is_empty());
        assert_eq!(coordinates(&source, "1.2.4"), [2]);
    }

    #[test]
    fn a_manifest_has_to_say_it() {
        let fuzz = |text: &str| own_line(&source("tests/fuzz/Cargo.toml", text), "version = ", "1");
        assert!(fuzz("[package]\nversion = \"1\"\n").is_empty());
        assert_eq!(fuzz("[package]\nversion = \"2\"\n"), [2]);
        assert_eq!(fuzz("[package]\n"), [1]);
    }
}
