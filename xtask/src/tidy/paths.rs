//! The paths that a Rust file names, in imports and in code, resolved as far as the file tells.
//!
//! `super` is resolved against the place of the file in its crate; what a macro hides stays hidden.

use super::source::Source;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// A path and where it is named.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) line: usize,
    /// The parts, `crate` first where the path is one of the crate itself.
    pub(crate) parts: Vec<String>,
}

impl Named {
    /// Whether the path is the given one or below it.
    pub(crate) fn is_below(&self, prefix: &str) -> bool {
        let mut parts = self.parts.iter();
        prefix
            .split("::")
            .all(|part| parts.next().is_some_and(|named| named == part))
    }
}

/// Every path of the file that could lead out of its module.
pub(crate) fn named(source: &Source) -> Vec<Named> {
    let Some(syntax) = &source.syntax else {
        return Vec::new();
    };
    let mut visitor = Visitor {
        module: module_of(&source.path),
        named: Vec::new(),
    };
    visitor.visit_file(syntax);
    visitor.named
}

/// The module path of a file: `core/engine/src/log/mod.rs` is `log`.
pub(crate) fn module_of(path: &str) -> Vec<String> {
    let inside = path.split_once("/src/").map_or(path, |(_, inside)| inside);
    let stem = inside.trim_end_matches(".rs");
    let parts = stem
        .split('/')
        .filter(|part| !["lib", "main", "mod"].contains(part));
    parts.map(str::to_owned).collect()
}

struct Visitor {
    module: Vec<String>,
    named: Vec<Named>,
}

impl Visitor {
    fn add(&mut self, line: usize, parts: &[String]) {
        let parts = self.resolve(parts);
        if parts.len() > 1 {
            self.named.push(Named { line, parts });
        }
    }

    fn resolve(&self, parts: &[String]) -> Vec<String> {
        let ups = parts.iter().take_while(|part| *part == "super").count();
        if ups == 0 {
            return parts.to_vec();
        }
        let kept = self.module.len().saturating_sub(ups);
        let mut resolved = vec!["crate".to_owned()];
        resolved.extend_from_slice(&self.module[..kept]);
        resolved.extend_from_slice(&parts[ups..]);
        resolved
    }

    fn add_tree(&mut self, prefix: &[String], tree: &syn::UseTree) {
        let line = tree.span().start().line;
        let with = |last: &syn::Ident| [prefix, &[last.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) if name.ident == "self" => self.add(line, prefix),
            syn::UseTree::Name(name) => self.add(line, &with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(line, &with(&rename.ident)),
            syn::UseTree::Glob(_) => self.add(line, prefix),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_tree(prefix, tree);
                }
            }
        }
    }
}

impl Visit<'_> for Visitor {
    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        self.add_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let parts: Vec<String> = path
            .segments
            .iter()
            .map(|part| part.ident.to_string())
            .collect();
        self.add(path.span().start().line, &parts);
        visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, module: &syn::ItemMod) {
        self.module.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(path: &str, text: &str) -> Vec<String> {
        let source = Source::new(path, text).ok().unwrap();
        named(&source)
            .iter()
            .map(|named| named.parts.join("::"))
            .collect()
    }

    #[test]
    fn groups_and_renames_are_taken_apart() {
        let text = "use std::{fs::{self, File}, io as i};\nuse crate::a::*;\n";
        let paths = texts("x/src/b.rs", text);
        assert_eq!(paths, ["std::fs", "std::fs::File", "std::io", "crate::a"]);
    }

    #[test]
    fn paths_in_code_are_named_too() {
        let text = "fn a(b: crate::c::D) -> u8 { std::fs::read(\"x\") }\n";
        assert_eq!(texts("x/src/b.rs", text), ["crate::c::D", "std::fs::read"]);
    }

    #[test]
    fn super_is_resolved_from_the_place_of_the_file() {
        let text = "use super::super::up::A;\nmod tests { use super::B; }\n";
        assert_eq!(
            texts("x/src/a/b.rs", text),
            ["crate::up::A", "crate::a::b::B"]
        );
        assert_eq!(texts("x/src/a/mod.rs", "use super::c::D;"), ["crate::c::D"]);
    }
}
