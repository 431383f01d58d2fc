//! Every bound: the most that is allowed, and one more.

use swarmlet_aql::limits::{
    ATOMS_MAX, DEPTH_MAX, GROUPS_MAX, STAGES_MAX, SUB_QUERY_DEPTH_MAX, TEXT_BYTES_MAX,
    VALUE_BYTES_MAX, VALUE_DEPTH_MAX, VALUES_AT_ONCE_MAX,
};
use swarmlet_aql::{
    Context, Machine, Mode, NoEvents, Order, Output, ParseErrorKind, Query, Value, ValueError,
};

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
        assert_eq!(Query::parse(&query.to_string()).as_ref(), Ok(&query));
        query.plan(0, None).unwrap().to_string().len()
    };
    let thread = thread.spawn(work).expect("a thread can start");
    assert!(thread.join().expect("it survives") > 0);
}

#[test]
fn a_limit_is_a_positive_integer() {
    let query = Query::parse("FROM 'a' LIMIT $n").expect("it is a query");
    assert_eq!(query.parameters(), ["n"]);
    let refusal = |value: Value| {
        let context = Context {
            parameters: [("n".to_owned(), value)].into(),
            ..Context::default()
        };
        let machine = Machine::new(query.clone(), context, Mode::Live);
        machine.err().map(|error| error.to_string())
    };
    let wrong = |shown: &str| Some(format!("`{shown}` is not a positive integer"));
    assert_eq!(refusal(Value::from(1_u64)), None);
    assert_eq!(refusal(Value::from(u64::MAX)), None);
    assert_eq!(refusal(Value::from(0_u64)), wrong("0"));
    assert_eq!(refusal(Value::from(-1_i64)), wrong("-1"));
    assert_eq!(refusal(Value::float(2.0).expect("finite")), wrong("2.0"));
    assert_eq!(refusal(Value::from("2")), wrong("2"));
    assert_eq!(refusal(Value::Null), wrong("NULL"));
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

/// The outputs of a query that brings its own values.
fn outputs(text: &str) -> Vec<Output> {
    let query = Query::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let mode = Mode::Bounded(Order::Ascending);
    let mut machine = Machine::new(query, Context::default(), mode).expect("the query can run");
    let mut outputs = machine.start(&NoEvents);
    outputs.extend(machine.flush(&NoEvents));
    outputs
}

fn last_message(text: &str) -> String {
    match outputs(text).pop() {
        Some(Output::Diagnostic(diagnostic)) => diagnostic.to_string(),
        other => panic!("{other:?} is no diagnostic"),
    }
}

/// Everything that can be done with a query, on a stack of that size.
fn survives(text: String, stack_bytes: usize) {
    let work = move || {
        let query = Query::parse(&text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(Query::parse(&query.to_string()).as_ref(), Ok(&query));
        assert!(query.used_features().len() < 20);
        outputs(&text).len()
    };
    let thread = std::thread::Builder::new().stack_size(stack_bytes);
    let thread = thread.spawn(work).expect("a thread can start");
    assert!(thread.join().expect("it survives") > 0);
}

#[test]
fn every_nested_construct_is_bounded_and_fits_a_small_stack() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("!", ""),
        ("1 + (", ")"),
        ("(1 ?? 2 | 3 ~ 4 & 5 = 6 < 7 + 8 * 9 ^ (", "))"),
        ("{ a: ", " }"),
        ("`{", "}`"),
        ("(x)[", "]"),
        ("IsDefined(", ")"),
        ("CASE TRUE => ", " ENDCASE"),
        ("CASE ", " => 1 ENDCASE"),
    ] {
        let levels = open.matches(['(', '[', '{', '!', 'C']).count().max(1);
        let nested = |depth: usize| {
            format!(
                "FROM [1] SELECT {}1{}",
                open.repeat(depth),
                close.repeat(depth)
            )
        };
        survives(nested(DEPTH_MAX / levels), 256 * 1024);
        assert_eq!(
            refusal(&nested(DEPTH_MAX + 1)),
            ParseErrorKind::TooDeep,
            "{open}"
        );
        let endless = format!(
            "FROM [1] SELECT {}",
            open.repeat(TEXT_BYTES_MAX / 2 / open.len())
        );
        assert_eq!(refusal(&endless), ParseErrorKind::TooDeep, "{open}");
    }
}

#[test]
fn sub_queries_are_bounded_and_fit_a_small_stack() {
    let nested = |depth: usize| {
        let open = "FROM [1] SELECT ((((((".repeat(depth);
        format!("FROM [1] SELECT {open}_{}", "))))))".repeat(depth))
    };
    survives(nested(SUB_QUERY_DEPTH_MAX), 256 * 1024);
    assert_eq!(
        refusal(&nested(SUB_QUERY_DEPTH_MAX + 1)),
        ParseErrorKind::TooManySubQueries
    );
}

#[test]
fn chains_of_operators_may_be_as_long_as_a_text() {
    for operator in ["+ 1", "| 1", "?? 1", "^ 1", "= 1"] {
        let chain = format!("{operator} ").repeat(60_000 / (operator.len() + 1));
        survives(format!("FROM [1 {chain}]"), 256 * 1024);
    }
}

#[test]
fn huge_numbers_are_mistakes() {
    for (number, kind) in [
        (
            "18446744073709551616",
            ParseErrorKind::NumberTooLarge(u64::MAX),
        ),
        ("-9223372036854775809", ParseErrorKind::NumberOutOfRange),
    ] {
        assert_eq!(refusal(&format!("FROM [{number}]")), kind);
    }
    let digits = "9".repeat(400);
    assert_eq!(
        refusal(&format!("FROM [{digits}.0]")),
        ParseErrorKind::NumberOutOfRange
    );
    assert_eq!(
        refusal(&format!("FROM [{digits}]")),
        ParseErrorKind::NumberTooLarge(u64::MAX)
    );
}

#[test]
fn values_do_not_become_too_deep() {
    let mut value = Value::Null;
    for _ in 0..VALUE_DEPTH_MAX {
        value = Value::array(vec![value]).unwrap();
    }
    assert_eq!(Value::array(vec![value.clone()]), Err(ValueError::TooDeep));
    let named = [("a".into(), value)];
    assert_eq!(Value::object(named), Err(ValueError::TooDeep));
    let deeper = "[".repeat(DEPTH_MAX - 1) + "_" + &"]".repeat(DEPTH_MAX - 1);
    let stages = format!(" LET _ := {deeper}").repeat(3);
    assert_eq!(
        last_message(&format!("FROM [1]{stages}")),
        "warning: value nested deeper than 128 levels"
    );
}

#[test]
fn values_do_not_become_too_large() {
    let text = "x".repeat(VALUE_BYTES_MAX / 2);
    assert!(Value::array(vec![Value::from(text.as_str())]).is_ok());
    let twice = vec![Value::from(text.as_str()); 2];
    assert_eq!(Value::array(twice), Err(ValueError::TooLarge));
    for doubled in ["[_, _]", "`{_}{_}`", "{ a: _, b: _ }"] {
        let stages = format!(" LET _ := {doubled}").repeat(60);
        let message = last_message(&format!("FROM ['abc']{stages}"));
        assert_eq!(
            message, "warning: value larger than 8388608 bytes",
            "{doubled}"
        );
    }
}

#[test]
fn values_shared_in_themselves_compare_in_bounded_time() {
    let stages = " LET _ := [_, _]".repeat(15);
    let other = " LET o := [o, o]".repeat(15);
    let results = outputs(&format!("FROM [1]{stages} LET o := 1{other} SELECT _ = o"));
    assert!(matches!(&results[..], [Output::Result(same)] if same.value == Value::from(true)));
}

#[test]
fn groups_and_distinct_values_are_bounded() {
    let many = "FROM [0] SELECT ...FROM [0, 1, 2, 3, 4, 5, 6, 7] ";
    let factor = "LET n := _ SELECT n * 8, n * 8 + 1, n * 8 + 2, n * 8 + 3, n * 8 + 4, n * 8 + 5, \
                  n * 8 + 6, n * 8 + 7 ";
    let values = format!("{many} END {}", factor.repeat(5));
    assert_eq!(8_usize.pow(6), 4 * GROUPS_MAX);
    for (stage, name) in [
        ("DISTINCT", "DISTINCT"),
        ("GROUP BY _ AGGREGATE 1", "GROUP BY"),
    ] {
        let outputs = outputs(&format!("{values} {stage}"));
        let errors = outputs
            .iter()
            .filter(|output| matches!(output, Output::Diagnostic(_)));
        assert_eq!(errors.count(), 1);
        let expected = format!("error: more than {GROUPS_MAX} different values in {name}");
        assert!(
            matches!(outputs.last(), Some(Output::Diagnostic(last)) if last.to_string() == expected)
        );
    }
}

#[test]
fn values_at_once_are_bounded() {
    let error = format!("error: more than {VALUES_AT_ONCE_MAX} values at once");
    let twice = |times: usize| " SELECT _, _".repeat(times);
    let most = VALUES_AT_ONCE_MAX.ilog2() as usize;
    let all = outputs(&format!("FROM [1]{}", twice(most)));
    assert_eq!(all.len(), VALUES_AT_ONCE_MAX);
    assert!(all.iter().all(|output| matches!(output, Output::Result(_))));
    for stages in [twice(most + 1), twice(STAGES_MAX)] {
        assert_eq!(last_message(&format!("FROM [1]{stages}")), error);
    }
    let spread = format!("LET _ := FROM [1]{} END", twice(most - 2));
    let items = vec!["..._"; 200].join(", ");
    assert_eq!(
        last_message(&format!("FROM [1] {spread} SELECT {items}")),
        error
    );
    let grouped = vec!["...LAST(_)"; 200].join(", ");
    let group = format!("FROM [1] {spread} GROUP BY 1 SELECT {grouped}");
    assert_eq!(last_message(&group), error);
    let too_large = "warning: value larger than 8388608 bytes";
    let array = format!("FROM [1] {spread} SELECT [{items}]");
    assert_eq!(last_message(&array), too_large);
    let source = format!("...FROM [1]{}", twice(most - 2));
    let sources = [source.as_str(); 9].join(" END, ");
    assert_eq!(last_message(&format!("FROM [{sources}]")), error);
}
