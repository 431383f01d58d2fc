//! Every bound: the most that is allowed, and one more.

use swarmlet_aql::limits::{ATOMS_MAX, DEPTH_MAX, STAGES_MAX, TEXT_BYTES_MAX};
use swarmlet_aql::{ParseErrorKind, Query};

fn nested(depth: usize) -> String {
    format!("FROM {}'a'{}", "(".repeat(depth), ")".repeat(depth))
}

fn refusal(text: &str) -> ParseErrorKind {
    Query::parse(text).expect_err("it breaks a bound").kind()
}

#[test]
fn nesting_is_bounded() {
    assert!(Query::parse(&nested(DEPTH_MAX)).is_ok());
    assert_eq!(refusal(&nested(DEPTH_MAX + 1)), ParseErrorKind::TooDeep);
}

#[test]
fn unclosed_nesting_as_long_as_a_text_can_be_is_an_error() {
    let text = format!("FROM {}", "(".repeat(TEXT_BYTES_MAX - 5));
    assert_eq!(refusal(&text), ParseErrorKind::TooDeep);
}

#[test]
fn nesting_of_operators_survives_a_small_stack() {
    let open = "('a' & ('b' | ".repeat(DEPTH_MAX / 2);
    let text = format!("FROM {open}'c'{}", "))".repeat(DEPTH_MAX / 2));
    let thread = std::thread::Builder::new().stack_size(256 * 1024);
    let work = move || {
        let query = Query::parse(&text).unwrap();
        assert_eq!(Query::parse(&query.to_string()).unwrap(), query);
        query.plan(0, None).unwrap().to_string().len()
    };
    assert!(thread.spawn(work).unwrap().join().unwrap() > 0);
}

#[test]
fn the_number_of_atoms_is_bounded() {
    let most = vec!["'a'"; ATOMS_MAX].join("|");
    assert!(Query::parse(&format!("FROM {most}")).is_ok());
    assert_eq!(
        refusal(&format!("FROM {most}|'a'")),
        ParseErrorKind::TooManyAtoms
    );
}

#[test]
fn the_number_of_stages_is_bounded() {
    let most = format!("FROM 'a'{}", " LIMIT 1".repeat(STAGES_MAX));
    assert!(Query::parse(&most).is_ok());
    assert_eq!(
        refusal(&format!("{most} LIMIT 1")),
        ParseErrorKind::TooManyStages
    );
}

#[test]
fn the_length_of_the_text_is_bounded() {
    let query = "FROM 'a'";
    let most = format!("{query}{}", " ".repeat(TEXT_BYTES_MAX - query.len()));
    assert!(Query::parse(&most).is_ok());
    let error = Query::parse(&format!("{most} ")).unwrap_err();
    assert_eq!(error.kind(), ParseErrorKind::TooLong);
    assert_eq!(
        error.to_string(),
        "line 1, column 1: the query is longer than 65536 bytes"
    );
}
