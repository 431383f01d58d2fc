//! Rules about how a file begins: `lib.rs` and `mod.rs` only declare, every module says what it is
//! for, and no lint is switched off.

use super::source::{Finding, Source};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// What a Rust file declares and with which attributes.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let Some(syntax) = &source.syntax else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if !syntax.attrs.iter().any(is_module_doc) {
        findings.push(source.finding(1, "begin with `//!`: what for, what never, where it sits"));
    }
    if ["lib.rs", "mod.rs"].contains(&source.file_name()) {
        let items = syntax.items.iter().filter(|item| !is_declaration(item));
        findings.extend(items.map(|item| {
            let message = format!("{} only declares and re-exports", source.file_name());
            source.finding(item.span().start().line, message)
        }));
    }
    let mut visitor = Visitor { source, findings };
    visitor.visit_file(syntax);
    visitor.findings
}

fn is_module_doc(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("doc") && matches!(attribute.style, syn::AttrStyle::Inner(_))
}

/// A module, an import, or a module of nothing but these, as bindings need one.
fn is_declaration(item: &syn::Item) -> bool {
    match item {
        syn::Item::Use(_) | syn::Item::ExternCrate(_) => true,
        syn::Item::Mod(module) => {
            let content = module.content.as_ref();
            content.is_none_or(|(_, items)| items.iter().all(is_declaration))
        }
        _ => false,
    }
}

struct Visitor<'a> {
    source: &'a Source,
    findings: Vec<Finding>,
}

impl Visit<'_> for Visitor<'_> {
    fn visit_attribute(&mut self, attribute: &syn::Attribute) {
        if switches_off(attribute) {
            let message = "use `#[expect(lint, reason = \"...\")]`, never allow";
            self.findings
                .push(self.source.finding(attribute.span().start().line, message));
        }
        visit::visit_attribute(self, attribute);
    }
}

fn switches_off(attribute: &syn::Attribute) -> bool {
    if attribute.path().is_ident("allow") {
        return true;
    }
    let syn::Meta::List(list) = &attribute.meta else {
        return false;
    };
    attribute.path().is_ident("cfg_attr") && list.tokens.to_string().contains("allow (")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        let source = Source::new(path, text).ok().unwrap();
        check(&source).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_without_module_doc_is_found() {
        assert!(messages("a.rs", "/// Not for the module.\nfn x() {}\n")[0].contains("//!"));
        assert!(messages("a.rs", "//! For the module.\nfn x() {}\n").is_empty());
    }

    #[test]
    fn code_in_a_declaring_file_is_found() {
        let text = "//! Doc.\nmod a;\npub use a::A;\nconst B: u8 = 1;\nfn c() {}\n";
        assert_eq!(messages("core/x/src/lib.rs", text).len(), 2);
        assert_eq!(messages("core/x/src/y/mod.rs", text).len(), 2);
        assert!(messages("core/x/src/y.rs", text).is_empty());
    }

    #[test]
    fn a_declaring_file_may_hold_a_module_of_re_exports() {
        let text = "//! Doc.\n#[pymodule]\nmod native {\n    use super::a::A;\n}\n";
        assert!(messages("lib.rs", text).is_empty());
        let text = "//! Doc.\nmod native {\n    fn a() {}\n}\n";
        assert_eq!(messages("lib.rs", text).len(), 1);
    }

    #[test]
    fn a_lint_switched_off_is_found() {
        for attribute in [
            "#![allow(x)]\nfn a() {}",
            "#[cfg_attr(test, allow(x))]\nfn a() {}",
        ] {
            assert!(messages("a.rs", &format!("//! Doc.\n{attribute}\n"))[0].contains("never"));
        }
        assert!(messages("a.rs", "//! Doc.\n#[expect(x, reason = \"y\")]\nfn a() {}").is_empty());
    }
}
