//! Rules about the shape of functions: their length and how deep they nest.

use super::source::{Finding, Source};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

const FUNCTION_LINES_MAX: usize = 70;
const NESTING_MAX: usize = 5;

/// Every function of a Rust file, tests included.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let Some(syntax) = &source.syntax else {
        return Vec::new();
    };
    if source.is_generated() {
        return Vec::new();
    }
    let mut functions = Functions {
        source,
        findings: Vec::new(),
    };
    functions.visit_file(syntax);
    functions.findings
}

/// Finds functions; each body is then measured by itself.
struct Functions<'a> {
    source: &'a Source,
    findings: Vec<Finding>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let first = signature.span().start().line;
        let lines = body.span().end().line - first + 1;
        let name = &signature.ident;
        if lines > FUNCTION_LINES_MAX {
            let message = format!("`{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}");
            self.findings.push(self.source.finding(first, message));
        }
        let mut nesting = Nesting::default();
        nesting.visit_block(body);
        if nesting.deepest > NESTING_MAX {
            let message = format!(
                "`{name}` nests {} deep, at most {NESTING_MAX}",
                nesting.deepest
            );
            self.findings
                .push(self.source.finding(nesting.line, message));
        }
    }
}

impl Visit<'_> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &syn::ItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &syn::ImplItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.measure(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

/// Counts branches and loops inside each other; `else if` stays on the level of its `if`.
#[derive(Default)]
struct Nesting {
    depth: usize,
    deepest: usize,
    line: usize,
}

impl Nesting {
    fn enter(&mut self, line: usize) {
        self.depth += 1;
        if self.depth > self.deepest {
            self.deepest = self.depth;
            self.line = line;
        }
    }

    fn visit_branches(&mut self, branch: &syn::ExprIf) {
        self.visit_expr(&branch.cond);
        self.visit_block(&branch.then_branch);
        match branch
            .else_branch
            .as_ref()
            .map(|(_, expression)| &**expression)
        {
            Some(syn::Expr::If(next)) => self.visit_branches(next),
            Some(last) => self.visit_expr(last),
            None => {}
        }
    }
}

impl Visit<'_> for Nesting {
    fn visit_expr(&mut self, expression: &syn::Expr) {
        use syn::Expr::{ForLoop, If, Loop, Match, While};
        if !matches!(
            expression,
            ForLoop(_) | If(_) | Loop(_) | Match(_) | While(_)
        ) {
            return visit::visit_expr(self, expression);
        }
        self.enter(expression.span().start().line);
        match expression {
            If(branch) => self.visit_branches(branch),
            other => visit::visit_expr(self, other),
        }
        self.depth -= 1;
    }

    fn visit_item(&mut self, _: &syn::Item) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let source = Source::new("a.rs", text).ok().unwrap();
        check(&source).iter().map(ToString::to_string).collect()
    }

    fn function(lines: usize) -> String {
        format!(
            "impl A {{\nfn a() {{\n{}}}\n}}\n",
            "b();\n".repeat(lines - 2)
        )
    }

    #[test]
    fn a_function_may_have_seventy_lines_and_no_more() {
        assert!(messages(&function(70)).is_empty());
        assert_eq!(
            messages(&function(71)),
            ["a.rs:2: `a` has 71 lines, at most 70"]
        );
    }

    #[test]
    fn a_function_may_nest_five_deep_and_no_more() {
        let five = "if a { for b in c { while d { loop { match e { _ => X } } } } }";
        assert!(messages(&format!("fn a() {{ {five} }}")).is_empty());
        let six = five.replace('X', "if f { g() }");
        assert!(messages(&format!("fn a() {{\n{six}\n}}"))[0].contains("a.rs:2: `a` nests 6"));
    }

    #[test]
    fn a_chain_of_else_if_is_one_level() {
        let chain = "if a { b() } ".to_owned() + &"else if c { d() } ".repeat(8);
        assert!(messages(&format!("fn a() {{ {chain} }}")).is_empty());
    }

    #[test]
    fn a_function_inside_a_function_starts_anew() {
        let inner = "if a { for b in c { match e { _ => f() } } }";
        let text = format!("fn a() {{ if b {{ if c {{ if d {{ fn i() {{ {inner} }} }} }} }} }}");
        assert!(messages(&text).is_empty());
    }
}
