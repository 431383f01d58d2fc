//! Documents that have to be there because code is there.

use super::source::Finding;

/// Code, and the document without which it is not complete.
const PAIRS: &[(&str, &str)] = &[
    ("core/engine/src/event/batch", "docs/format/batch.md"),
    ("core/engine/src/log/", "docs/format/write-ahead-log.md"),
    ("core/engine/src/segment/", "docs/format/segment.md"),
    ("xtask/src/tidy/", "docs/STYLE.md"),
];

/// Code without its document, given every path of the tree.
pub(crate) fn check(paths: &[String]) -> Vec<Finding> {
    let exists = |document: &str| paths.iter().any(|path| path == document);
    let mut findings = Vec::new();
    for (code, document) in PAIRS {
        if let Some(path) = paths.iter().find(|path| path.starts_with(code))
            && !exists(document)
        {
            let message = format!("{document} has to describe this, and is missing");
            findings.push(Finding {
                path: path.clone(),
                line: 1,
                message,
            });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_without_its_document_is_found() {
        let code = "core/engine/src/segment/writer.rs".to_owned();
        let document = "docs/format/segment.md".to_owned();
        assert_eq!(check(std::slice::from_ref(&code)).len(), 1);
        assert!(check(&[code, document]).is_empty());
        assert!(check(&["README.md".to_owned()]).is_empty());
    }
}
