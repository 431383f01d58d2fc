//! Queries at work: whatever they are and whatever comes, they give bounded results and do not
//! panic.
//!
//! A query text, a zero byte, then what the events, parameters and steps are made of.

#![no_main]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use swarmlet_aql::limits::VALUES_AT_ONCE_MAX;
use swarmlet_aql::{
    AppId, Context, EventInput, EventKey, EventReader, Machine, Mode, Order, Output, Query,
    Selection, Severity, StreamId, Value,
};

/// Sub-queries inside each other cost a product, of which a short text makes a small one.
const TEXT_BYTES_MAX: usize = 256;
const EVENTS_MAX: usize = 8;
/// Events that all sub-queries of one run get, before the reader fails.
const READS_MAX: usize = 1000;
const APP: &str = "com.example.app";
const TAGS: [&str; 4] = ["a", "b", "c", "a1"];

#[derive(Debug)]
struct Sample {
    number: u64,
    time_us: i64,
    tags: Vec<&'static str>,
    payload: Value,
}

impl EventInput for Sample {
    fn key(&self) -> EventKey {
        let stream = StreamId::new(&".".repeat(43), self.number % 2);
        EventKey {
            lamport: self.number,
            stream: stream.expect("the shape of a stream id"),
            offset: self.number / 2,
        }
    }

    fn time_us(&self) -> i64 {
        self.time_us
    }

    fn tags(&self) -> Vec<&str> {
        self.tags.clone()
    }

    fn app(&self) -> &str {
        APP
    }

    fn payload(&self) -> Value {
        self.payload.clone()
    }
}

/// What happens to a live query.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    Push,
    Retract(u8),
    Flush,
}

/// Everything but the query.
#[derive(Debug)]
struct Input {
    now_us: i64,
    order: Order,
    parameters: Vec<Value>,
    events: Vec<Arc<Sample>>,
    steps: Vec<Step>,
}

impl Input {
    fn new(data: &mut Unstructured<'_>) -> Result<Self> {
        let orders = [Order::Ascending, Order::Descending, Order::Stream];
        let mut input = Self {
            now_us: time_us(data)?,
            order: *data.choose(&orders)?,
            parameters: Vec::new(),
            events: Vec::new(),
            steps: Vec::new(),
        };
        for _ in 0..data.int_in_range(0..=3)? {
            input.parameters.push(value(data, 1)?);
        }
        for number in 1..=data.int_in_range(0..=EVENTS_MAX)? {
            let mask: u8 = data.arbitrary()?;
            let tags = (0..TAGS.len()).filter(|index| mask & (1 << index) == 0);
            input.events.push(Arc::new(Sample {
                number: number as u64,
                time_us: time_us(data)?,
                tags: tags.map(|index| TAGS[index]).collect(),
                payload: value(data, 3)?,
            }));
        }
        let steps = data.arbitrary_iter()?.take(3 * EVENTS_MAX);
        input.steps = steps.collect::<Result<_>>()?;
        Ok(input)
    }

    /// Values for whatever the query wants, so that it gets further than that.
    fn context(&self, query: &Query) -> Context {
        let names = query.parameters().into_iter().map(str::to_owned);
        let given = self.parameters.iter().cloned();
        let values = given.chain(std::iter::repeat(Value::from(2_u64)));
        Context {
            now_us: self.now_us,
            me: AppId::new(APP),
            parameters: names.zip(values).collect::<BTreeMap<_, _>>(),
        }
    }
}

fn time_us(data: &mut Unstructured<'_>) -> Result<i64> {
    Ok(match data.int_in_range(0..=7)? {
        0 => i64::MIN,
        1 => i64::MAX,
        2 => data.arbitrary()?,
        second => second * 1_000_000,
    })
}

fn value(data: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    let containers = if depth > 0 { 2 } else { 0 };
    Ok(match data.int_in_range(0..=9 + containers)? {
        0 => Value::Null,
        1 => Value::Bool(data.arbitrary()?),
        2 => Value::from(u64::MAX),
        3 => Value::from(data.arbitrary::<i64>()?),
        4 => Value::float(data.arbitrary()?).unwrap_or(Value::Null),
        5 => Value::from(*data.choose(&TAGS)?),
        6 => Value::from(data.arbitrary::<&str>()?),
        7 => Value::Bytes(data.arbitrary::<&[u8]>()?.into()),
        8 => Value::Timestamp(time_us(data)?),
        9 => match data.arbitrary::<i8>()? {
            i8::MAX => Value::Other("BigDecimal".into()),
            small => Value::from(i64::from(small)),
        },
        10 => Value::array(values(data, depth)?).expect("it is small"),
        _ => {
            let names = ["x", "y", "k", "v"].into_iter().map(Arc::from);
            Value::object(names.zip(values(data, depth)?)).expect("it is small")
        }
    })
}

fn values(data: &mut Unstructured<'_>, depth: usize) -> Result<Vec<Value>> {
    let count = data.int_in_range(0..=4)?;
    (0..count).map(|_| value(data, depth - 1)).collect()
}

/// All events, for so many reads.
struct Log<'a> {
    events: &'a [Arc<Sample>],
    left: Cell<usize>,
}

impl EventReader for Log<'_> {
    fn read(
        &self,
        selection: &Selection,
        order: Order,
        take: &mut dyn FnMut(Arc<dyn EventInput>) -> ControlFlow<()>,
    ) -> std::result::Result<(), String> {
        assert_ne!(order, Order::Stream);
        for event in in_order(self.events, order) {
            let left = self.left.get().checked_sub(1);
            self.left.set(left.ok_or("too many reads")?);
            if selection.matches(&*event, true) && take(event).is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn in_order(events: &[Arc<Sample>], order: Order) -> Vec<Arc<Sample>> {
    let mut events = events.to_vec();
    match order {
        Order::Ascending => {}
        Order::Descending => events.reverse(),
        Order::Stream => events.sort_by_key(|event| (event.number % 2, event.number)),
    }
    events
}

/// A machine, and what came out of it.
struct Run<'a> {
    machine: Machine,
    log: Log<'a>,
    outputs: Vec<Output>,
    has_ended: bool,
}

impl<'a> Run<'a> {
    /// Nothing if the machine cannot be made.
    fn new(query: &Query, input: &'a Input, mode: Mode) -> Option<Self> {
        Some(Self {
            machine: Machine::new(query.clone(), input.context(query), mode).ok()?,
            log: Log {
                events: &input.events,
                left: Cell::new(READS_MAX),
            },
            outputs: Vec::new(),
            has_ended: false,
        })
    }

    /// An error is the last thing that is heard of a query.
    fn take(&mut self, outputs: Vec<Output>) {
        assert!(outputs.is_empty() || !self.has_ended);
        assert!(outputs.len() <= VALUES_AT_ONCE_MAX + 1);
        for output in outputs {
            assert!(!self.has_ended, "{output:?} follows an error");
            self.has_ended = is_error(&output);
            // What is put out can be shown, but need not be kept where there is too much.
            let _ = self.outputs.len() < 100 && format!("{output:?}").is_empty();
            self.outputs.push(output);
        }
        assert!(!self.has_ended || self.machine.is_done());
    }

    fn start(&mut self) {
        let outputs = self.machine.start(&self.log);
        self.take(outputs);
    }

    fn push(&mut self, event: Arc<Sample>) {
        let is_saturated = self.machine.is_saturated();
        let outputs = self.machine.push(event, &self.log);
        assert!(!is_saturated || !outputs.iter().any(is_result));
        self.take(outputs);
    }

    fn retract(&mut self, event: Arc<Sample>) {
        let outputs = self.machine.retract(event, &self.log);
        self.take(outputs);
    }

    /// A query that does not wait for a flush gives nothing at one.
    fn flush(&mut self) {
        let outputs = self.machine.flush(&self.log);
        assert!(outputs.is_empty() || self.machine.needs_flush());
        self.take(outputs);
    }

    fn selected(&self, order: Order) -> Vec<Arc<Sample>> {
        let mut events = in_order(self.log.events, order);
        let selection = self.machine.selection();
        events.retain(|event| selection.is_some_and(|some| some.matches(&**event, true)));
        events
    }
}

fn is_error(output: &Output) -> bool {
    matches!(output, Output::Diagnostic(it) if it.severity == Severity::Error)
}

fn is_result(output: &Output) -> bool {
    !matches!(output, Output::Diagnostic(_))
}

/// Who reads on may be told what is wrong with more events.
fn results(mut outputs: Vec<Output>) -> Vec<Output> {
    outputs.retain(is_result);
    outputs
}

/// The outputs over all events there are; `is_eager` stops as soon as the machine says so.
fn bounded(query: &Query, input: &Input, is_eager: bool) -> Option<Vec<Output>> {
    let mut run = Run::new(query, input, Mode::Bounded(input.order))?;
    run.start();
    for event in run.selected(run.machine.order()) {
        if is_eager && run.machine.is_done() {
            break;
        }
        run.push(event);
    }
    run.flush();
    Some(run.outputs)
}

fn live(query: &Query, input: &Input) -> bool {
    let Some(mut run) = Run::new(query, input, Mode::Live) else {
        return false;
    };
    assert_eq!(run.machine.order(), Order::Stream);
    run.start();
    let mut coming = run.selected(run.machine.order_to_catch_up()).into_iter();
    let mut there: Vec<Arc<Sample>> = Vec::new();
    for step in &input.steps {
        match step {
            Step::Flush => run.flush(),
            Step::Push => {
                let Some(event) = coming.next() else {
                    continue;
                };
                there.push(event.clone());
                run.push(event);
            }
            Step::Retract(index) if !there.is_empty() => {
                let event = there.swap_remove(usize::from(*index) % there.len());
                run.retract(event);
            }
            Step::Retract(_) => {}
        }
    }
    run.flush();
    run.flush();
    true
}

fn check(text: &str, input: &Input) {
    let Ok(query) = Query::parse(text) else {
        return;
    };
    let outputs = bounded(&query, input, true);
    let again = Query::parse(&query.to_string()).expect("what is printed can be parsed");
    assert_eq!(bounded(&again, input, true), outputs);
    assert_eq!(live(&query, input), outputs.is_some());
    // `FIRST` and `LAST` take the order of input for that of event keys, and stop early even if a
    // later value has no key, or that of a sub-query.
    if !text.contains("FIRST") && !text.contains("LAST") {
        let patient = bounded(&query, input, false);
        assert_eq!(patient.map(results), outputs.map(results));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (text, rest) = (parts.next(), parts.next());
    let text = std::str::from_utf8(text.unwrap_or_default()).unwrap_or_default();
    let input = Input::new(&mut Unstructured::new(rest.unwrap_or_default()));
    if let (Ok(input), true) = (input, text.len() <= TEXT_BYTES_MAX) {
        check(text, &input);
        check(&format!("FROM allEvents {text}"), &input);
    }
});
