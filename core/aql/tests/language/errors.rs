//! What an error tells a program and a person.

use swarmlet_aql::limits::EXCERPT_CHARS_MAX;
use swarmlet_aql::{ParseErrorKind, PlanError, Query};

#[test]
fn an_error_can_be_taken_apart() {
    let error = Query::parse("-- \u{e9}\nFROM '\u{e9}' \u{2227}\n  x").unwrap_err();
    assert_eq!(error.kind(), ParseErrorKind::Unexpected);
    assert_eq!((error.offset(), error.line(), error.column()), (22, 3, 3));
    assert_eq!(error.found(), "`x`");
    assert_eq!(
        error.expected().iter().copied().collect::<Vec<_>>(),
        ["tag expression"]
    );
}

#[test]
fn what_needs_a_machine_has_no_plan() {
    for (text, what) in [
        ("FROM 'a' FILTER _.x", "FILTER"),
        ("FROM 'a' LIMIT 1 SELECT 1", "SELECT"),
        ("FROM 'a' LIMIT 1 LIMIT $n", "LIMIT with a parameter"),
        ("FROM 'a' LET x := 1", "LET"),
        ("FROM 'a' AGGREGATE LAST(_)", "AGGREGATE"),
        ("FROM 'a' GROUP BY _ AGGREGATE LAST(_)", "GROUP BY"),
        ("FROM 'a' DISTINCT", "DISTINCT"),
        ("FROM [1]", "FROM with an array"),
        ("PRAGMA events := {}\nFROM 'a'", "PRAGMA events"),
    ] {
        let query = Query::parse(text).unwrap();
        assert_eq!(
            query.plan(0, None),
            Err(PlanError::NeedsMachine(what)),
            "{text}"
        );
    }
}

#[test]
fn the_caret_stands_under_the_mistake() {
    let error = Query::parse("FROM 'a' &\n\t'\u{e9}' x\nLIMIT 3").unwrap_err();
    let view = [
        " --> 2:6",
        "  |",
        "2 |  '\u{e9}' x",
        "  |      ^---",
        "  |",
        "  = expected &, AGGREGATE, DISTINCT, END, FILTER, GROUP, LET, LIMIT, ORDER, SELECT, \
         end of query or |, found `x`",
    ];
    assert_eq!(error.caret_view(), view.join("\n"));
}

#[test]
fn the_caret_view_shows_a_piece_of_a_long_line() {
    let text = format!("FROM 'a'{} x {}", " ".repeat(5000), "y".repeat(5000));
    let view = Query::parse(&text).unwrap_err().caret_view();
    let lines: Vec<&str> = view.lines().collect();
    assert!(
        lines[..5]
            .iter()
            .all(|line| line.len() <= EXCERPT_CHARS_MAX + 8),
        "{view}"
    );
    assert_eq!(lines[2].find('x'), lines[3].find('^'), "{view}");
}

#[test]
fn what_was_found_is_shown_in_part_and_on_one_line() {
    let error = Query::parse(&format!("FROM 'a' 'b\n{}'", "c".repeat(1000))).unwrap_err();
    assert_eq!(error.found(), format!("`'b {}...`", "c".repeat(29)));
}

#[test]
fn the_calling_app_is_needed_only_if_the_query_names_it() {
    let anyone = Query::parse("FROM 'a'").unwrap();
    assert!(anyone.plan(0, None).is_ok());
    let mine = Query::parse("FROM 'a' | appId(me)").unwrap();
    assert_eq!(mine.plan(0, None), Err(PlanError::AppUnknown));
    assert_eq!(
        mine.plan(0, Some("Me!")),
        Err(PlanError::AppInvalid("Me!".to_owned()))
    );
}

#[test]
fn feature_words_can_be_listed() {
    let query = Query::parse("PRAGMA features := b a\nFEATURES(c b)FROM 'a'").unwrap();
    assert_eq!(query.features().collect::<Vec<_>>(), ["a", "b", "c"]);
}
