//! Rules about lines of Rust, Python, TypeScript, Kotlin, Swift and C: how long, how many, which
//! characters, no promises.

use super::source::{Finding, Source};

const COLUMNS_MAX: usize = 100;
const FILE_LINES_MAX: usize = 600;
/// Spelled so that this file does not break its own rule.
const PROMISES: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// Columns, ASCII, length of the file, and work that was put off.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    if !source.is_code() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in source.lines() {
        if !line.is_ascii() {
            findings.push(source.finding(number, "not ASCII: write an escape"));
        }
        if let Some(word) = PROMISES.iter().find(|word| line.contains(**word)) {
            let message = format!("{word}: do it, or write it in the tracker");
            findings.push(source.finding(number, message));
        }
        if line.chars().count() > COLUMNS_MAX && !source.is_generated() {
            findings.push(source.finding(number, format!("more than {COLUMNS_MAX} columns")));
        }
    }
    let count = source.lines().count();
    if count > FILE_LINES_MAX && !source.is_generated() {
        let message = format!("{count} lines, at most {FILE_LINES_MAX}: give each idea its file");
        findings.push(source.finding(FILE_LINES_MAX + 1, message));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        let source = Source::new(path, text).ok().unwrap();
        check(&source).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_line_may_have_a_hundred_columns_and_no_more() {
        let line = |columns: usize| format!("#{}\n", "x".repeat(columns - 1));
        assert!(messages("a.py", &line(100)).is_empty());
        assert_eq!(
            messages("a.py", &line(101)),
            ["a.py:1: more than 100 columns"]
        );
        assert_eq!(messages("a.mts", &line(101)).len(), 1);
        assert_eq!(messages("a.hpp", &line(101)).len(), 1);
        assert_eq!(messages("a.swift", &line(101)).len(), 1);
        assert!(messages("a.md", &line(101)).is_empty());
    }

    #[test]
    fn a_file_may_have_six_hundred_lines_and_no_more() {
        assert!(messages("a.rs", &"\n".repeat(600)).is_empty());
        assert!(messages("a.rs", &"\n".repeat(601))[0].contains("601 lines"));
    }

    #[test]
    fn generated_files_may_be_long_and_wide() {
        let text = format!("# @generated\n{}# {}\n", "\n".repeat(700), "x".repeat(120));
        assert!(messages("a.py", &text).is_empty());
    }

    #[test]
    fn characters_beyond_ascii_are_found() {
        assert_eq!(
            messages("a.rs", "\n// \u{e4}\n"),
            ["a.rs:2: not ASCII: write an escape"]
        );
    }

    #[test]
    fn work_put_off_is_found() {
        for word in PROMISES {
            assert!(messages("a.rs", &format!("// {word}: later\n"))[0].contains("tracker"));
        }
    }
}
