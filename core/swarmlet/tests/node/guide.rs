//! The guide to the query language keeps its word: every example in it is run, and gives exactly
//! what it says.
//!
//! Fenced blocks of the guide mean something by their first line. `events` at the top are what the
//! log holds. `aql` is a query, and the block of `json` or `text` behind it what comes out, one
//! output a line; lines `-- $name = value` give its parameters. A second word says how it is asked:
//! `origins` shows where rows come from, `refused` and `malformed` what is wrong with it, and the
//! name of a call of the node follows the log: what is in `events` behind it is published when the
//! subscription has caught up.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use swarmlet::{
    AppId, Item, NewEvent, Node, Options, Origin, Output, Parameters, Payload, QueryOptions,
    Results, Row, SubscribeOptions, Tags, Timestamp, query_mistake,
};

use crate::harness::{HandClock, Place, soon};

/// What is there when the guide asks.
struct World {
    _place: Place,
    node: Node,
    clock: Arc<HandClock>,
}

/// One example: what is asked, and what has to come out.
struct Example<'a> {
    line: usize,
    how: Vec<&'a str>,
    aql: &'a str,
    published_later: Option<&'a str>,
    expected: &'a str,
}

/// A fenced block: the words behind the fence, what is inside, and where it begins.
struct Block<'a> {
    words: Vec<&'a str>,
    text: &'a str,
    line: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    time: Option<String>,
    app_id: Option<String>,
    tags: Vec<String>,
    payload: Value,
}

#[tokio::test]
async fn the_guide_says_what_queries_give() {
    let guide = guide();
    let (events, examples) = read(&guide);
    assert!(examples.len() >= 40, "the guide is not read to its end");
    let world = World::new(events).await;
    let mut wrong = String::new();
    for example in &examples {
        let actual = example.run(&world, events).await;
        let is_text = example.how.contains(&"malformed");
        let expected = lines(example.expected, is_text);
        if actual != expected {
            let (actual, expected) = (actual.join("\n"), expected.join("\n"));
            let (line, aql) = (example.line, example.aql);
            wrong += &format!("line {line}: {aql}--- gives\n{actual}\n--- and not\n{expected}\n\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
#[should_panic(expected = "line 4: nothing is said of what comes out")]
fn an_example_needs_an_expectation() {
    read("```events\n{}\n```\n```aql\nFROM 'a'\n```\n```aql\nFROM 'b'\n```\n```json\n1\n```\n");
}

impl World {
    async fn new(events: &str) -> Self {
        let place = Place::new();
        let clock = Arc::new(HandClock::at(0));
        let options = Options::new().app_id(ASKING).clock(clock.clone());
        let node = place.open_with(options).await;
        let world = Self {
            _place: place,
            node,
            clock,
        };
        world.publish(events).await;
        world.clock.set(micros(ASKED_AT));
        world
    }

    async fn publish(&self, events: &str) {
        for line in events.lines() {
            let line: Line = serde_json::from_str(line).unwrap();
            self.clock
                .set(micros(line.time.as_deref().unwrap_or(ASKED_AT)));
            let app_id = AppId::new(line.app_id.as_deref().unwrap_or(ASKING)).unwrap();
            let event = NewEvent {
                tags: Tags::new(line.tags.iter().map(String::as_str)).unwrap(),
                payload: Payload::from_serde(&line.payload).unwrap(),
            };
            let app = self.node.scoped(app_id);
            app.publish_many(vec![event]).await.unwrap();
        }
    }
}

impl Example<'_> {
    async fn run(&self, world: &World, events: &str) -> Vec<String> {
        if self.how.contains(&"malformed") {
            let mistake = query_mistake(self.aql).unwrap_or_default();
            return mistake.lines().map(str::to_owned).collect();
        }
        let is_refused = self.how.contains(&"refused");
        let call = self.how.iter().find(|word| CALLS.contains(word)).copied();
        match (call, self.published_later) {
            (None, None) => {
                let options = QueryOptions {
                    parameters: parameters(self.aql),
                    ..QueryOptions::default()
                };
                match world.node.query(self.aql, options) {
                    Ok(results) => self.all(results).await,
                    Err(error) if is_refused => vec![error.message().to_owned()],
                    Err(error) => vec![format!("refused: {error}")],
                }
            }
            (Some(call), None) => match begin(&world.node, call, self.aql) {
                Err(error) if is_refused => vec![error.message().to_owned()],
                _ => vec!["it goes on, and nothing is published".to_owned()],
            },
            (call, Some(later)) => {
                let world = World::new(events).await;
                let call = call.unwrap_or_else(|| panic!("line {}: a query has ended", self.line));
                let results = begin(&world.node, call, self.aql).unwrap();
                follow(&world, results, later).await
            }
        }
    }

    async fn all(&self, mut results: Results) -> Vec<String> {
        let with_origins = self.how.contains(&"origins");
        let mut found = Vec::new();
        while let Some(outputs) = results.next_outputs(256).await.unwrap() {
            found.extend(outputs.iter().map(|output| match &output.item {
                Item::Row(row) if with_origins => format!("{} -- {}", value(row), origin(row)),
                _ => shown(output),
            }));
        }
        found
    }
}

/// What comes out up to the end of what is published after catching up.
async fn follow(world: &World, mut results: Results, later: &str) -> Vec<String> {
    let mut found = Vec::new();
    while !found.iter().any(|output| output == CAUGHT_UP) {
        let outputs = soon(results.next_outputs(256)).await.unwrap();
        found.extend(outputs.unwrap().iter().map(shown));
    }
    world.publish(later).await;
    let present = world.node.offsets().unwrap().present;
    while *results.offsets() != present {
        match soon(results.next_outputs(256)).await.unwrap() {
            Some(outputs) => found.extend(outputs.iter().map(shown)),
            None => break,
        }
    }
    found
}

fn begin(node: &Node, call: &str, aql: &str) -> Result<Results, swarmlet::Error> {
    let options = SubscribeOptions {
        parameters: parameters(aql),
        ..SubscribeOptions::default()
    };
    match call {
        "subscribe" => node.subscribe(aql, options),
        "subscribe_monotonic" => node.subscribe_monotonic(aql, options),
        "observe_latest" => node.observe_latest(aql, options),
        "observe_earliest" => node.observe_earliest(aql, options),
        _ => unreachable!("these are the calls"),
    }
}

fn shown(output: &Output) -> String {
    match &output.item {
        Item::Row(row) => value(row),
        Item::AntiRow(row) => format!("{TAKEN_BACK}{}", value(row)),
        Item::Diagnostic(diagnostic) => diagnostic.to_string(),
        Item::CaughtUp(_) => CAUGHT_UP.to_owned(),
        other => format!("{other:?}"),
    }
}

fn value(row: &Row) -> String {
    let value: Value = row.payload().to_serde().unwrap();
    value.to_string()
}

fn origin(row: &Row) -> String {
    match row.origin() {
        Origin::Synthetic => "no event".to_owned(),
        Origin::Event(event) => format!("event {}", event.key.lamport),
        Origin::Range(range) => format!("events {} to {}", range.from.lamport, range.to.lamport),
    }
}

/// What should come out. JSON is compared by what it says, not by how it is written.
fn lines(expected: &str, is_text: bool) -> Vec<String> {
    let normal = |text: &str| match serde_json::from_str::<Value>(text) {
        Ok(value) => value.to_string(),
        Err(_) => text.to_owned(),
    };
    let line = |line: &str| {
        if is_text {
            return line.to_owned();
        }
        let back = line.strip_prefix(TAKEN_BACK);
        match (line.split_once(" -- "), back) {
            (Some((value, origin)), _) => format!("{} -- {origin}", normal(value.trim())),
            (_, Some(value)) => format!("{TAKEN_BACK}{}", normal(value)),
            _ => normal(line),
        }
    };
    expected.lines().map(line).collect()
}

/// Those that the comments of a query give.
fn parameters(aql: &str) -> Parameters {
    let given = aql.lines().filter_map(|line| line.strip_prefix("-- $"));
    given.fold(Parameters::new(), |parameters, line| {
        let (name, value) = line.split_once(" = ").unwrap();
        let time = value.strip_prefix("TIME(");
        match time.and_then(|time| time.strip_suffix(')')) {
            Some(time) => parameters.with_time(name, Timestamp::from_micros(micros(time))),
            None => {
                let value: Value = serde_json::from_str(value).unwrap();
                parameters.with(name, &value).unwrap()
            }
        }
    })
}

fn micros(time: &str) -> i64 {
    swarmlet_aql::parse_time(time).unwrap()
}

fn guide() -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/guide/query-language.md"
    );
    std::fs::read_to_string(path).unwrap()
}

/// The events at the top, and all examples behind them.
fn read(guide: &str) -> (&str, Vec<Example<'_>>) {
    let mut blocks = VecDeque::from(blocks(guide));
    let mut events = None;
    let mut examples = Vec::new();
    while let Some(block) = blocks.pop_front() {
        match block.words[0] {
            "events" => {
                assert!(events.is_none(), "line {}: nothing is asked", block.line);
                events = Some(block.text);
            }
            "aql" => examples.push(example(block, &mut blocks)),
            _ => {}
        }
    }
    (events.expect("the guide has events"), examples)
}

fn example<'a>(asked: Block<'a>, blocks: &mut VecDeque<Block<'a>>) -> Example<'a> {
    let mut next_if = |words: &[&str]| {
        let is_wanted = blocks
            .front()
            .is_some_and(|block| words.contains(&block.words[0]));
        if is_wanted { blocks.pop_front() } else { None }
    };
    let published_later = next_if(&["events"]).map(|block| block.text);
    let expected = next_if(&["json", "text"]);
    let line = asked.line;
    Example {
        line,
        how: asked.words[1..].to_vec(),
        aql: asked.text,
        published_later,
        expected: expected
            .unwrap_or_else(|| panic!("line {line}: nothing is said of what comes out"))
            .text,
    }
}

fn blocks(guide: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<(Vec<&str>, usize, usize)> = None;
    let mut offset = 0;
    for (index, line) in guide.split_inclusive('\n').enumerate() {
        if let Some(words) = line.strip_prefix(FENCE) {
            open = match open.take() {
                Some((words, start, first)) => {
                    let text = &guide[start..offset];
                    blocks.push(Block {
                        words,
                        text,
                        line: first,
                    });
                    None
                }
                None => {
                    let words = words.split_whitespace().collect();
                    Some((words, offset + line.len(), index + 1))
                }
            };
        }
        offset += line.len();
    }
    assert!(open.is_none(), "the last block is never closed");
    blocks
}

const FENCE: &str = "```";
const CALLS: [&str; 4] = [
    "subscribe",
    "subscribe_monotonic",
    "observe_latest",
    "observe_earliest",
];
const CAUGHT_UP: &str = "caught up";
const TAKEN_BACK: &str = "taken back: ";

/// Who asks the queries of the guide, and when.
const ASKING: &str = "com.example.press";
const ASKED_AT: &str = "2024-03-01T08:00Z";
