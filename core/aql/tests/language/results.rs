//! The table in `tests/cases/results.txt`.

use std::ops::ControlFlow;
use std::sync::Arc;

use swarmlet_aql::{
    AppId, Comparison, Context, EventInput, EventKey, EventReader, KeyPoint, Machine, Mode,
    NoEvents, Order, Origin, Output, Query, Selection, StreamId, Traced, Value,
};

/// An event as a table describes it.
#[derive(Debug)]
pub(crate) struct Sample {
    lamport: u64,
    tags: Vec<String>,
    payload: Value,
}

const APP: &str = "com.example.app";

impl EventInput for Sample {
    fn key(&self) -> EventKey {
        EventKey {
            lamport: self.lamport,
            stream: StreamId::new(&".".repeat(43), 0).expect("the shape of a stream id"),
            offset: self.lamport - 1,
        }
    }

    fn time_us(&self) -> i64 {
        i64::try_from(self.lamport).expect("a small number") * 1_000_000
    }

    fn tags(&self) -> Vec<&str> {
        self.tags.iter().map(String::as_str).collect()
    }

    fn app(&self) -> &str {
        APP
    }

    fn payload(&self) -> Value {
        self.payload.clone()
    }
}

/// All events there are.
#[derive(Default)]
struct Log(Vec<Arc<Sample>>);

impl Log {
    /// Adds the event that `tag,tag: payload` describes.
    fn publish(&mut self, text: &str) -> Arc<Sample> {
        let (tags, payload) = text.split_once(": ").expect("tags and payload");
        let event = Arc::new(Sample {
            lamport: self.0.len() as u64 + 1,
            tags: tags.split(',').map(str::to_owned).collect(),
            payload: constant(payload),
        });
        self.0.push(event.clone());
        event
    }
}

impl EventReader for Log {
    fn read(
        &self,
        selection: &Selection,
        order: Order,
        take: &mut dyn FnMut(Arc<dyn EventInput>) -> ControlFlow<()>,
    ) -> Result<(), String> {
        let mut events = self.0.clone();
        events.retain(|event| is_selected(event, selection));
        if order == Order::Descending {
            events.reverse();
        }
        for event in events {
            if take(event).is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn is_selected(event: &Sample, selection: &Selection) -> bool {
    match selection {
        Selection::All | Selection::Local => true,
        Selection::Nothing => false,
        Selection::Tag(tag) => event.tags.iter().any(|one| one == tag.as_str()),
        Selection::App(app) => event.app() == app.as_str(),
        Selection::Key(by, point) => {
            let key = KeyPoint {
                lamport: event.lamport,
                stream: Some(event.key().stream),
            };
            compares(&key, *by, point)
        }
        Selection::Time(by, time_us) => compares(&event.time_us(), *by, time_us),
        Selection::And(parts) => parts.iter().all(|part| is_selected(event, part)),
        Selection::Or(branches) => branches.iter().any(|branch| is_selected(event, branch)),
    }
}

fn compares<T: Ord>(left: &T, by: Comparison, right: &T) -> bool {
    match by {
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
    }
}

/// The value of an expression without variables.
fn constant(expr: &str) -> Value {
    let query = Query::parse(&format!("FROM [{expr}]")).expect(expr);
    let mode = Mode::Bounded(Order::Ascending);
    let mut machine = Machine::new(query, Context::default(), mode).expect(expr);
    match machine.start(&NoEvents).pop() {
        Some(Output::Result(result)) => result.value,
        other => panic!("{expr} is {other:?}"),
    }
}

fn context() -> Context {
    Context {
        now_us: 0,
        me: AppId::new(APP),
        parameters: [
            ("tag".to_owned(), Value::from("a")),
            ("id".to_owned(), Value::from(7_u64)),
            ("two".to_owned(), Value::from(2_u64)),
            ("from".to_owned(), Value::Timestamp(2_000_000)),
        ]
        .into(),
    }
}

/// All events are there at once.
fn run_bounded(query: Query, steps: &[&str]) -> Vec<Output> {
    let mut log = Log::default();
    for step in steps {
        log.publish(step);
    }
    let mode = Mode::Bounded(Order::Ascending);
    let mut machine = Machine::new(query, context(), mode).expect("it is checked before");
    let mut outputs = machine.start(&log);
    if let Some(selection) = machine.selection().cloned() {
        let order = machine.order();
        let take = &mut |event| {
            outputs.extend(machine.push(event, &log));
            match machine.is_done() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        log.read(&selection, order, take).expect("it never fails");
    }
    outputs.extend(machine.flush(&log));
    outputs
}

/// Events come, and go, one by one.
fn run_live(query: Query, steps: &[&str]) -> Vec<Output> {
    let mut log = Log::default();
    let mut machine = Machine::new(query, context(), Mode::Live).expect("it is checked before");
    let mut outputs = Vec::new();
    for step in steps {
        if *step == "flush" {
            outputs.extend(machine.flush(&log));
        } else if let Some(number) = step.strip_prefix('-') {
            let number: usize = number.parse().expect("the number of an event");
            let event = log.0[number - 1].clone();
            outputs.extend(machine.retract(event, &log));
        } else {
            let event = log.publish(step);
            outputs.extend(machine.push(event, &log));
        }
    }
    outputs
}

/// The outputs of a query over steps as the table has them.
pub(crate) fn run(query: &str, steps: &[&str]) -> Vec<String> {
    let query = Query::parse(query).unwrap_or_else(|error| panic!("{}", error.caret_view()));
    let printed = query.to_string();
    assert_eq!(Query::parse(&printed).as_ref(), Ok(&query), "{printed}");
    if let Err(error) = Machine::new(query.clone(), context(), Mode::Live) {
        return vec![format!("no machine: {error}")];
    }
    let is_live = |step: &&str| *step == "flush" || step.starts_with('-');
    let outputs = if steps.iter().any(is_live) {
        run_live(query, steps)
    } else {
        run_bounded(query, steps)
    };
    outputs.iter().map(shown).collect()
}

fn shown(output: &Output) -> String {
    match output {
        Output::Result(result) => traced(result),
        Output::AntiResult(result) => format!("-{}", traced(result)),
        Output::Diagnostic(diagnostic) => diagnostic.to_string(),
    }
}

fn traced(traced: &Traced) -> String {
    let value = &traced.value;
    match (&traced.origin, traced.origin.range()) {
        (Origin::Range(_), Some(range)) => {
            let (from, to) = (range.from_key.lamport, range.to_key.lamport);
            format!("{value} @{from}-{to}")
        }
        (_, Some(range)) => format!("{value} @{}", range.from_key.lamport),
        (_, None) => value.to_string(),
    }
}

#[test]
fn queries_have_their_results() {
    let table = include_str!("../cases/results.txt");
    let mut wrong = Vec::new();
    let mut count = 0;
    for block in table.split("\n\n") {
        let marked = |mark: &str| -> Vec<&str> {
            let lines = block.lines();
            lines.filter_map(|line| line.strip_prefix(mark)).collect()
        };
        let query = marked("? ").join("\n");
        if query.is_empty() {
            continue;
        }
        count += 1;
        let (found, expected) = (run(&query, &marked("< ")), marked("> "));
        if found != expected {
            let (found, expected) = (found.join("\n  "), expected.join("\n  "));
            wrong.push(format!("{query}\n  {expected}\nbut found\n  {found}\n"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count >= 120, "only {count} cases");
}
