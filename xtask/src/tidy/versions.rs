//! One version for all packages: the manifests of other languages say what `Cargo.toml` says.

use super::source::{Finding, Source};

/// That of the whole workspace, this package included.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version of the manifest of the npm package, and of the packages of its native half.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    match source.path.as_str() {
        "node/package.json" => npm_findings(source, VERSION),
        _ => Vec::new(),
    }
}

fn npm_findings(source: &Source, version: &str) -> Vec<Finding> {
    let is_ours = |line: &str| {
        let line = line.trim_start();
        line.starts_with("\"version\"") || line.starts_with("\"@swarmlet/")
    };
    let expected = format!(": \"{version}\"");
    let strange = source
        .lines()
        .filter(|(_, line)| is_ours(line) && !line.contains(&expected));
    strange
        .map(|(number, _)| source.finding(number, format!("the version is {version}, exactly")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_found() {
        let text = "{\n  \"version\": \"1.2.3\",\n  \"@swarmlet/node-x\": \"^1.2.3\"\n}\n";
        let source = Source::new("node/package.json", text).ok().unwrap();
        let lines = |version| {
            let findings = npm_findings(&source, version);
            findings
                .iter()
                .map(|finding| finding.line)
                .collect::<Vec<_>>()
        };
        assert_eq!(lines("1.2.3"), [3]);
        assert_eq!(lines("1.2.4"), [2, 3]);
    }
}
