//! Rules about names: no drawers for odds and ends, no `get_`.

use super::source::{Finding, Source};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// A module of such a name has no reason of its own to exist.
const DRAWERS: &[&str] = &[
    "util", "utils", "common", "helper", "helpers", "misc", "manager",
];
const CODE: &[&str] = &[
    "rs", "py", "pyi", "js", "mjs", "ts", "kt", "swift", "c", "h", "cpp", "hpp",
];

/// Names of files, folders, modules and functions.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = check_path(source);
    if let Some(syntax) = &source.syntax {
        let mut visitor = Visitor {
            source,
            findings: Vec::new(),
        };
        visitor.visit_file(syntax);
        findings.extend(visitor.findings);
    }
    if source.is_python() {
        findings.extend(source.lines().filter_map(|(number, line)| {
            let name = line
                .trim_start()
                .trim_start_matches("async ")
                .strip_prefix("def ")?;
            name.starts_with("get_").then(|| getter(source, number))
        }));
    }
    findings
}

fn check_path(source: &Source) -> Vec<Finding> {
    let Some((stem, extension)) = source.path.rsplit_once('.') else {
        return Vec::new();
    };
    if !CODE.contains(&extension) {
        return Vec::new();
    }
    let parts = stem.split('/').filter(|part| DRAWERS.contains(part));
    parts.map(|part| drawer(source, 1, part)).collect()
}

fn drawer(source: &Source, line: usize, name: &str) -> Finding {
    source.finding(line, format!("`{name}` says nothing: name the idea"))
}

fn getter(source: &Source, line: usize) -> Finding {
    source.finding(line, "no `get_`: name what is returned")
}

struct Visitor<'a> {
    source: &'a Source,
    findings: Vec<Finding>,
}

impl Visit<'_> for Visitor<'_> {
    fn visit_item_mod(&mut self, module: &syn::ItemMod) {
        let name = module.ident.to_string();
        if DRAWERS.contains(&name.as_str()) {
            self.findings
                .push(drawer(self.source, module.span().start().line, &name));
        }
        visit::visit_item_mod(self, module);
    }

    fn visit_signature(&mut self, signature: &syn::Signature) {
        if signature.ident.to_string().starts_with("get_") {
            self.findings
                .push(getter(self.source, signature.span().start().line));
        }
        visit::visit_signature(self, signature);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Source::new(path, text).ok().unwrap()).len()
    }

    #[test]
    fn files_and_folders_named_for_odds_and_ends_are_found() {
        assert_eq!(count("core/log/helpers.rs", ""), 1);
        assert_eq!(count("python/swarmlet/util/text.py", ""), 1);
        assert_eq!(count("core/log/utility_belt.rs", ""), 0);
    }

    #[test]
    fn modules_named_for_odds_and_ends_are_found() {
        assert_eq!(
            count("core/log/a.rs", "mod common;\nmod misc { fn x() {} }\n"),
            2
        );
    }

    #[test]
    fn getters_are_found_in_rust_and_python() {
        let rust = "fn get_a() {}\nimpl X { fn get_b(&self) {} }\ntrait T { fn get_c(); }\n";
        assert_eq!(count("core/a.rs", rust), 3);
        assert_eq!(count("core/a.rs", "fn widget_a() { self.get_a() }\n"), 0);
        assert_eq!(
            count("a.py", "async def get_a():\n    def get_b(): ...\n"),
            2
        );
    }
}
