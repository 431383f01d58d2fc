//! One seed: events, queries, and whether node and scan agree.

use std::fmt;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use swarmlet::{
    AppId, EventRange, Item, Node, Offset, Offsets, Order, Origin, Parameters, QueryOptions,
    Results, Row, Timestamp,
};
use swarmlet_sim::random::Random;

use crate::answer::{Answer, answer, order_of};
use crate::ask::Ask;
use crate::expr::parameters;
use crate::follow;
use crate::scan::{Scene, Span, Traced};
use crate::select::SINCE_US;
use crate::world::{APPS, World, quiet};

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) cases: u64,
    rows: u64,
    diagnostics: u64,
    resumed: u64,
    followed: u64,
    sealed: u64,
}

/// Makes the events of a seed and asks queries about them.
pub(crate) fn run(seed: u64) -> Result<Tally> {
    let mut random = Random::new(seed);
    let mut world = World::new()?;
    let is_large = seed % 10 == 9;
    let count = match is_large {
        true => LARGE_EVENTS,
        false => random.below(120),
    };
    world.publish(&mut random, count, is_large)?;
    let mut tally = Tally::default();
    for case in 0..CASES {
        match case {
            // The first queries are asked while the node seals files, the others after that.
            SEALED_BEFORE if is_large => world.sealed()?,
            REOPENED_BEFORE if random.percent(30) => world.reopen()?,
            _ => {}
        }
        let me = *random.pick(&APPS);
        let ask = Ask::any(&mut random, &world.known, is_large);
        let compared = compare(&mut random, &world, &ask, me, &mut tally);
        compared.with_context(|| {
            let (text, order) = (ask.text(), ask.requested);
            format!("seed {seed}, case {case}, asked by {me} in order {order:?}\n{text}")
        })?;
        tally.sealed += u64::from(is_large && case >= SEALED_BEFORE);
    }
    world.node.close_blocking()?;
    tally.followed = follow::run(seed)?;
    Ok(tally)
}

fn compare(
    random: &mut Random,
    world: &World,
    ask: &Ask,
    me: &str,
    tally: &mut Tally,
) -> Result<()> {
    let node = world.node.scoped(AppId::new(me)?);
    let present = node.offsets()?.present;
    let lower = bound(random, &present);
    let upper = match random.below(3) {
        0 => None,
        1 => Some(present.clone()),
        _ => Some(bound(random, &present)),
    };
    let options = QueryOptions {
        lower: lower.clone(),
        upper: upper.clone(),
        order: ask.requested,
        parameters: given()?,
    };
    let scene = Scene {
        known: &world.known,
        lower: &lower,
        upper: &upper.unwrap_or(present),
        me,
    };
    let expected = answer(ask, &scene);
    let mut results = node.query(&ask.text(), options.clone())?;
    let found = read(&mut results, usize::MAX)?;
    ensure!(
        expected == found,
        "expected {expected:#?}\nfound {found:#?}\n{options:?}"
    );
    tally.cases += 1;
    tally.rows += found.rows.len() as u64;
    tally.diagnostics += found.diagnostics;
    if ask.is_by_event() && order_of(ask) != Order::Descending {
        resume(random, &node, ask, options, &expected)?;
        tally.resumed += 1;
    }
    Ok(())
}

/// The same in two parts, the second one from where the first one stopped.
fn resume(
    random: &mut Random,
    node: &Node,
    ask: &Ask,
    options: QueryOptions,
    expected: &Answer,
) -> Result<()> {
    let text = ask.text();
    let mut results = node.query(&text, options.clone())?;
    let taken = random.below(expected.rows.len() as u64 + 2) as usize;
    let mut rows = read(&mut results, taken)?.rows;
    let options = QueryOptions {
        lower: results.offsets().clone(),
        ..options
    };
    let before = rows.len();
    rows.extend(read(&mut node.query(&text, options)?, usize::MAX)?.rows);
    // Of an event with several results some may have come out: then all of them come again.
    let again = rows.len().saturating_sub(expected.rows.len());
    rows.drain(before - again.min(before)..before);
    ensure!(
        rows == expected.rows,
        "in two parts, {taken} first: {rows:#?}"
    );
    ensure!(again < RESULTS_PER_EVENT, "{again} results came again");
    Ok(())
}

/// Up to so many rows and the diagnostics before and among them.
pub(crate) fn read(results: &mut Results, rows_max: usize) -> Result<Answer> {
    let mut answer = Answer::default();
    while answer.rows.len() < rows_max {
        let wanted = (rows_max - answer.rows.len()).min(64);
        let Some(outputs) = results.next_outputs_blocking(wanted)? else {
            break;
        };
        for output in outputs {
            match output.item {
                Item::Row(row) => answer.rows.push(traced(&row)?),
                Item::Diagnostic(_) => answer.diagnostics += 1,
                other => anyhow::bail!("{other:?} has no place in a query"),
            }
        }
    }
    Ok(answer)
}

pub(crate) fn traced(row: &Row) -> Result<Traced> {
    let mut value: Value = row.payload().to_serde()?;
    quiet(&mut value);
    let span = match row.origin() {
        Origin::Synthetic => None,
        Origin::Event(event) => Some(Span::of(event.key, event.timestamp.micros())),
        Origin::Range(range) => Some(span(range)?),
    };
    Ok(Traced { value, span })
}

fn span(range: &EventRange) -> Result<Span> {
    ensure!(range.from < range.to, "{range:?} is that of one event");
    Ok(Span {
        from: range.from,
        to: range.to,
        from_us: range.from_time.micros(),
        to_us: range.to_time.micros(),
    })
}

/// Some offset of each stream, and nothing of some.
fn bound(random: &mut Random, present: &Offsets) -> Offsets {
    let mut bound = Offsets::new();
    for (stream, last) in present.iter() {
        if random.percent(40) {
            let offset = random.below(last.get() + 1);
            bound.set(
                stream,
                Offset::new(offset).expect("smaller than a valid one"),
            );
        }
    }
    bound
}

pub(crate) fn given() -> Result<Parameters> {
    let mut given = Parameters::new();
    for (name, value) in parameters() {
        given = given.with(name, &value)?;
    }
    Ok(given.with_time("since", Timestamp::from_micros(SINCE_US)))
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.rows += other.rows;
        self.diagnostics += other.diagnostics;
        self.resumed += other.resumed;
        self.followed += other.followed;
        self.sealed += other.sealed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} cases agree: {} rows and {} diagnostics, {} about sealed events, {} resumed in the \
             middle, {} followed",
            self.cases, self.rows, self.diagnostics, self.sealed, self.resumed, self.followed
        )
    }
}

/// Queries about one set of events: making the events costs more than asking.
pub(crate) const CASES: u64 = 500;
/// Events of a large set: with noise in some of them, several log files of 8 MiB.
const LARGE_EVENTS: u64 = 3_000;
const SEALED_BEFORE: u64 = 50;
const REOPENED_BEFORE: u64 = 250;
/// More results than one event has in any query that is asked.
const RESULTS_PER_EVENT: usize = 4;
