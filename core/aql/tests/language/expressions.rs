//! The table in `tests/cases/expressions.txt`.

use swarmlet_aql::{AppId, Context, Machine, Mode, NoEvents, Order, Output, Query};

use crate::cases::unescaped;

/// What an expression is, as text.
fn evaluate(expr: &str) -> String {
    let query = Query::parse(&format!("FROM [\n{expr}\n]"))
        .unwrap_or_else(|error| panic!("{}", error.caret_view()));
    let printed = query.to_string();
    assert_eq!(Query::parse(&printed).as_ref(), Ok(&query), "{printed}");
    let context = Context {
        me: AppId::new("com.example.me"),
        ..Context::default()
    };
    let mode = Mode::Bounded(Order::Ascending);
    let mut machine = Machine::new(query, context, mode).expect("the query can run");
    let outputs = machine.start(&NoEvents);
    let [output] = &outputs[..] else {
        panic!("one output for {expr}, not {outputs:?}");
    };
    match output {
        Output::Result(result) => result.value.to_string(),
        Output::AntiResult(result) => format!("anti {}", result.value),
        Output::Diagnostic(diagnostic) => diagnostic.to_string(),
    }
}

#[test]
fn expressions_have_their_values() {
    let table = include_str!("../cases/expressions.txt");
    let mut wrong = Vec::new();
    let mut count = 0;
    let is_case = |line: &&str| line.contains(" ==> ") && !line.starts_with('#');
    for line in table.lines().filter(is_case) {
        let line = unescaped(line);
        let (expr, expected) = line.split_once(" ==> ").unwrap();
        let found = evaluate(expr);
        count += 1;
        if found != expected {
            wrong.push(format!("{expr}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count >= 200, "only {count} cases");
}
