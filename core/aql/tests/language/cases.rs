//! The tables in `tests/cases`: what is understood, and how what is not is reported.

use swarmlet_aql::Query;

/// Noon of 2021-07-20 in UTC.
const NOW_US: i64 = 1_626_782_400_000_000;

const ME: &str = "com.example.me";

/// One block of a table: the lines that start with each mark, without it.
struct Case {
    query: String,
    normal: String,
    plan: String,
    error: String,
}

fn cases(table: &str) -> Vec<Case> {
    let is_content = |block: &&str| block.lines().any(|line| line.starts_with('?'));
    let cases: Vec<Case> = table.split("\n\n").filter(is_content).map(case).collect();
    assert!(!cases.is_empty());
    cases
}

fn case(block: &str) -> Case {
    let marked = |mark: &str| {
        let lines: Vec<&str> = block
            .lines()
            .filter_map(|line| line.strip_prefix(mark))
            .collect();
        unescaped(&lines.join("\n"))
    };
    Case {
        query: marked("? "),
        normal: marked("= "),
        plan: marked("~ "),
        error: marked("! "),
    }
}

/// Replaces `\u{...}`, `\t`, `\r` and `\s` by what they stand for.
pub(crate) fn unescaped(text: &str) -> String {
    let mut plain = text
        .replace("\\t", "\t")
        .replace("\\r", "\r")
        .replace("\\s", " ");
    while let Some(start) = plain.find("\\u{") {
        let end = start
            + plain[start..]
                .find('}')
                .expect("an escape ends with a brace");
        let code =
            u32::from_str_radix(&plain[start + 3..end], 16).expect("an escape is hexadecimal");
        plain.replace_range(
            start..=end,
            char::from_u32(code)
                .expect("a character")
                .encode_utf8(&mut [0; 4]),
        );
    }
    plain
}

#[test]
fn accepted_queries_have_their_normal_form_and_plan() {
    for case in cases(include_str!("../cases/accepted.txt")) {
        let query =
            Query::parse(&case.query).unwrap_or_else(|error| panic!("{}", error.caret_view()));
        assert_eq!(
            query.to_string(),
            case.normal,
            "normal form of {}",
            case.query
        );
        assert_eq!(Query::parse(&case.normal).unwrap(), query, "{}", case.query);
        if !case.plan.is_empty() {
            let plan = query.plan(NOW_US, Some(ME)).unwrap();
            assert_eq!(plan.to_string(), case.plan, "plan of {}", case.query);
        }
    }
}

#[test]
fn rejected_queries_say_where_and_what() {
    let mut wrong = Vec::new();
    for case in cases(include_str!("../cases/rejected.txt")) {
        let error = Query::parse(&case.query).expect_err(&case.query);
        if error.to_string() != case.error {
            wrong.push(format!("{}\n  {}\n  {error}", case.query, case.error));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
