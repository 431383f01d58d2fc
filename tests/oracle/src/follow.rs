//! Subscriptions that begin in the middle: in the end they have told what a query tells.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use swarmlet::{ErrorKind, Item, Node, Offsets, Order, Results, SubscribeOptions};
use swarmlet_sim::random::Random;

use crate::answer::answer;
use crate::ask::{Ask, Source, Stage};
use crate::check::{given, traced};
use crate::scan::{Scene, Traced};
use crate::world::World;

/// A subscription and what it has told so far, without what it has taken back.
struct Follower {
    /// What a query would have to ask for the same rows.
    ask: Ask,
    way: Way,
    results: Results,
    rows: Vec<Traced>,
}

/// How a query is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    All,
    Monotonic,
    Latest,
    Earliest,
}

/// Follows some queries while events are published; says how many.
pub(crate) fn run(seed: u64) -> Result<u64> {
    let mut random = Random::new(seed);
    let mut world = World::new()?;
    let count = random.below(60);
    world.publish(&mut random, count, false)?;
    let mut followers = Vec::new();
    for _ in 0..FOLLOWERS {
        let ask = endless(&mut random, &world);
        let ways = match ask.is_by_event() && ask.picks_events() {
            true => [Way::All, Way::Monotonic, Way::Latest, Way::Earliest],
            false => [Way::All; 4],
        };
        followers.push(Follower::start(&world.node, ask, *random.pick(&ways))?);
    }
    for _ in 0..3 {
        for follower in &mut followers {
            if random.percent(50) {
                follower.catch_up(&world.node)?;
            }
        }
        let count = random.below(60);
        world.publish(&mut random, count, false)?;
    }
    for follower in &mut followers {
        let (text, way) = (follower.ask.text(), follower.way);
        let agreed = follower.agree(&world);
        agreed.with_context(|| format!("seed {seed}, followed {way:?}\n{text}"))?;
    }
    world.node.close_blocking()?;
    Ok(FOLLOWERS)
}

/// A query that goes on for ever, and whose results can be taken back.
fn endless(random: &mut Random, world: &World) -> Ask {
    loop {
        let mut ask = Ask::any(random, &world.known, true);
        ask.requested = Order::Ascending;
        ask.stages.retain(|stage| !matches!(stage, Stage::Limit(_)));
        let is_last = |stage: &Stage| matches!(stage, Stage::Aggregate(..) | Stage::Group(..));
        let lasts = ask.stages.iter().filter(|stage| is_last(stage)).count();
        if let Source::Events(_, order) = &mut ask.source {
            *order = None;
            if lasts == 0 || lasts == 1 && ask.picks_events() {
                return ask;
            }
        }
    }
}

impl Follower {
    fn start(node: &Node, mut ask: Ask, way: Way) -> Result<Self> {
        let options = SubscribeOptions {
            parameters: given()?,
            ..SubscribeOptions::default()
        };
        let text = ask.text();
        let results = match way {
            Way::All => node.subscribe(&text, options)?,
            Way::Monotonic => node.subscribe_monotonic(&text, options)?,
            Way::Latest => node.observe_latest(&text, options)?,
            Way::Earliest => node.observe_earliest(&text, options)?,
        };
        match way {
            Way::All | Way::Monotonic => {}
            Way::Latest => ask.stages.push(Stage::one_of_all("LAST")),
            Way::Earliest => ask.stages.push(Stage::one_of_all("FIRST")),
        }
        Ok(Self {
            ask,
            way,
            results,
            rows: Vec::new(),
        })
    }

    /// Reads up to what is present.
    fn catch_up(&mut self, node: &Node) -> Result<()> {
        let present = node.offsets()?.present;
        // Of rounds without results nothing is heard, but offsets move.
        for _ in 0..LOOKS_MAX {
            if *self.results.offsets() == present {
                return Ok(());
            }
            match self.results.ready_blocking(Some(LOOK)) {
                Ok(is_ready) => ensure!(is_ready, "it has ended"),
                Err(error) if error.kind() == ErrorKind::Timeout => {}
                Err(error) => return Err(error.into()),
            }
            for output in self.results.take(7) {
                match output.item {
                    Item::Row(row) => self.rows.push(traced(&row)?),
                    Item::AntiRow(row) => self.take_back(&traced(&row)?)?,
                    Item::TimeTravel(key) => bail!("{key:?} came late"),
                    _ => {}
                }
            }
        }
        bail!("it stays at {:?}, not {present:?}", self.results.offsets())
    }

    fn take_back(&mut self, row: &Traced) -> Result<()> {
        let known = self.rows.iter().position(|known| known == row);
        let known = known.with_context(|| format!("{row:?} is taken back, but was never there"))?;
        self.rows.remove(known);
        Ok(())
    }

    fn agree(&mut self, world: &World) -> Result<()> {
        self.catch_up(&world.node)?;
        let scene = Scene {
            known: &world.known,
            lower: &Offsets::new(),
            upper: &world.node.offsets()?.present,
            me: world.node.app_id().as_str(),
        };
        let mut expected = answer(&self.ask, &scene).rows;
        if self.way == Way::Monotonic {
            ensure!(expected == self.rows, "not in order: {:?}", self.rows);
        }
        for row in &self.rows {
            let known = expected.iter().position(|known| known == row);
            let known = known.with_context(|| format!("{row:?} was told, but is not so"))?;
            expected.remove(known);
        }
        ensure!(expected.is_empty(), "{expected:?} was not told");
        Ok(())
    }
}

/// Subscriptions of one seed.
const FOLLOWERS: u64 = 20;
/// How long to wait for results that may not come.
const LOOK: Duration = Duration::from_millis(5);
/// After so many looks it is stuck.
const LOOKS_MAX: u32 = 10_000;
