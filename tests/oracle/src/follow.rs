//! Subscriptions that begin in the middle: in the end they have told what a query tells.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use swarmlet::{ErrorKind, Item, Node, Order, QueryOptions, Results, SubscribeOptions};
use swarmlet_sim::random::Random;

use crate::ask::{Ask, Stage};
use crate::check::{given, read, traced};
use crate::scan::Traced;
use crate::world::World;

/// A subscription and what it has told so far, without what it has taken back.
struct Follower {
    text: String,
    results: Results,
    rows: Vec<Traced>,
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
        followers.push(Follower::start(&world.node, ask.text())?);
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
        let text = follower.text.clone();
        let agreed = follower.agree(&world.node);
        agreed.with_context(|| format!("seed {seed}, followed\n{text}"))?;
    }
    world.node.close_blocking()?;
    Ok(FOLLOWERS)
}

/// A query that goes on for ever.
fn endless(random: &mut Random, world: &World) -> Ask {
    let mut ask = Ask::any(random, &world.known);
    ask.order = None;
    ask.stages.retain(|stage| !matches!(stage, Stage::Limit(_)));
    ask
}

impl Follower {
    fn start(node: &Node, text: String) -> Result<Self> {
        let options = SubscribeOptions {
            parameters: given()?,
            ..SubscribeOptions::default()
        };
        Ok(Self {
            results: node.subscribe(&text, options)?,
            text,
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

    fn agree(&mut self, node: &Node) -> Result<()> {
        self.catch_up(node)?;
        let options = QueryOptions {
            parameters: given()?,
            order: Order::Ascending,
            ..QueryOptions::default()
        };
        let mut expected = read(&mut node.query(&self.text, options)?, usize::MAX)?.rows;
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
