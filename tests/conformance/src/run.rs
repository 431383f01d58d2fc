//! A whole run: which scenarios are played by whom, several at a time.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::driver::{Driver, Started};
use crate::errors::Errors;
use crate::exemplar;
use crate::play::{Failure, Lane, Stage};
use crate::roster::{self, Entry};
use crate::scenario::Scenario;
use crate::tours::{Stop, Tours, Troupe};

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Part of the name.
    pub(crate) scenario: String,
    /// All if there are none.
    pub(crate) drivers: Vec<String>,
    pub(crate) is_alone: bool,
    pub(crate) lanes: usize,
}

/// What came out.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) scenarios: Vec<Scenario>,
    /// Drivers in the tree, with why one could not run here.
    pub(crate) drivers: Vec<(Entry, Option<String>)>,
    /// Drivers that are not in the tree, and why.
    pub(crate) absent: Vec<(String, String)>,
    pub(crate) plays: Vec<Played>,
    /// What belongs to no play.
    pub(crate) strays: Vec<Failure>,
    pub(crate) seconds: f64,
}

/// One play.
#[derive(Clone, Debug)]
pub(crate) struct Played {
    /// The drivers that took part, by their place in the cast.
    pub(crate) cast: Vec<String>,
    pub(crate) failure: Option<Failure>,
}

impl Results {
    /// Everything that was played came out right, and something was.
    pub(crate) fn is_success(&self) -> bool {
        let is_good = |played: &Played| played.failure.is_none();
        !self.plays.is_empty() && self.plays.iter().all(is_good) && self.strays.is_empty()
    }

    /// The failures, in the order of the plays.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &Failure> {
        let played = self
            .plays
            .iter()
            .filter_map(|played| played.failure.as_ref());
        played.chain(&self.strays)
    }
}

/// Plays what is wanted.
pub(crate) fn run(wanted: &Wanted) -> Result<Results> {
    let start = Instant::now();
    let stage = stage()?;
    let scenarios = Scenario::read_all(&here().join("scenarios"))?;
    let roster = roster::parse(&fs::read_to_string(here().join("drivers.toml"))?)?;
    let (mut drivers, mut absent) = (Vec::new(), Vec::new());
    for entry in roster {
        if !wanted.drivers.is_empty() && !wanted.drivers.contains(&entry.name) {
            continue;
        }
        match entry.missing(&stage.root) {
            Some(why) => absent.push((entry.name, why)),
            None => {
                let unable = unable(&entry, &stage)?;
                drivers.push((entry, unable));
            }
        }
    }
    ensure!(!drivers.is_empty(), "there is no driver of these names");
    let able = drivers.iter().filter(|(_, unable)| unable.is_none());
    let able: Vec<&Entry> = able.map(|(entry, _)| entry).collect();
    let tours = Tours::new(tours(&scenarios, &able, wanted));
    let lanes = Lanes {
        stage: &stage,
        scenarios: &scenarios,
        tours: Mutex::new(tours),
        plays: Mutex::default(),
        strays: Mutex::default(),
    };
    thread::scope(|scope| {
        for _ in 0..wanted.lanes {
            scope.spawn(|| lanes.walk());
        }
    });
    let (plays, strays) = (taken(&lanes.plays), taken(&lanes.strays));
    Ok(Results {
        scenarios,
        drivers,
        absent,
        plays,
        strays,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// Each alone, and each with each.
fn tours<'a>(
    scenarios: &[Scenario],
    able: &[&'a Entry],
    wanted: &Wanted,
) -> Vec<(Troupe<'a>, Vec<usize>)> {
    let mut troupes: Vec<Troupe<'a>> = able.iter().map(|entry| [*entry, *entry]).collect();
    let pairing = || able.iter().filter(|entry| entry.pairs && !wanted.is_alone);
    for one in pairing() {
        let others = pairing().filter(|other| other.name != one.name);
        troupes.extend(others.map(|other| [*one, *other]));
    }
    let played_by = |troupe: Troupe<'a>| {
        let is_pair = troupe[0].name != troupe[1].name;
        let is_played = |scenario: &Scenario| {
            let is_wanted = scenario.name.contains(&wanted.scenario);
            is_wanted && (scenario.is_shared() || !is_pair)
        };
        let indexes = 0..scenarios.len();
        let played = indexes.filter(|index| is_played(&scenarios[*index]));
        (troupe, played.collect())
    };
    troupes.into_iter().map(played_by).collect()
}

/// What the lanes share.
struct Lanes<'a> {
    stage: &'a Stage,
    scenarios: &'a [Scenario],
    tours: Mutex<Tours<'a>>,
    plays: Mutex<Vec<Played>>,
    strays: Mutex<Vec<Failure>>,
}

impl<'a> Lanes<'a> {
    /// Plays until there is nothing left.
    fn walk(&self) {
        let mut lane = Lane::new(self.stage);
        let mut stop = None;
        while let Some(next) = self.next(stop) {
            stop = Some(next);
            let strays = lane.dismiss_all_but(&next.troupe);
            self.add_strays(strays);
            let scenario = &self.scenarios[next.scenario];
            let places = 0..scenario.processes.len();
            let cast: Vec<&Entry> = places.map(|place| next.troupe[place % 2]).collect();
            let played = Played {
                failure: lane.play(scenario, &cast).err(),
                cast: cast.iter().map(|entry| entry.name.clone()).collect(),
            };
            self.plays
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(played);
        }
        let strays = lane.dismiss_all_but(&[]);
        self.add_strays(strays);
    }

    fn next(&self, before: Option<Stop<'a>>) -> Option<Stop<'a>> {
        self.tours
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next(before)
    }

    fn add_strays(&self, strays: Vec<Failure>) {
        self.strays
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(strays);
    }
}

fn taken<T: Default>(shared: &Mutex<T>) -> T {
    std::mem::take(&mut *shared.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Makes the exemplar anew, as `exemplar/exemplar-make.json` says, with the driver of Rust.
pub(crate) fn make_exemplar() -> Result<()> {
    let mut stage = stage()?;
    if stage.exemplar.exists() {
        fs::remove_dir_all(&stage.exemplar).context("cannot remove the exemplar")?;
    }
    stage.folder = Some(here().join("exemplar"));
    let scenario = Scenario::read(&here().join("exemplar/exemplar-make.json"))?;
    let roster = roster::parse(&fs::read_to_string(here().join("drivers.toml"))?)?;
    let rust = roster.iter().find(|entry| entry.name == "rust");
    let mut lane = Lane::new(&stage);
    let played = lane.play(&scenario, &[rust.context("the roster has Rust")?]);
    played.map_err(|failure| anyhow!("{}\n{}", failure.step, failure.story))?;
    exemplar::trim(&stage.exemplar)
}

/// Why a driver cannot run on this machine, if it says so.
fn unable(entry: &Entry, stage: &Stage) -> Result<Option<String>> {
    let started = Driver::start(&entry.words(&stage.programs), &stage.root);
    match started.with_context(|| format!("the driver {}", entry.name))? {
        Started::Running(driver) => driver.finish().map(|()| None),
        Started::Unable(why) => Ok(Some(why)),
    }
}

fn stage() -> Result<Stage> {
    let root = root();
    let errors = fs::read_to_string(root.join("core/engine/errors.toml"))?;
    let own = std::env::current_exe().context("where this program is")?;
    Ok(Stage {
        programs: own
            .parent()
            .context("this program is in a folder")?
            .to_owned(),
        exemplar: here().join("exemplar/store"),
        folder: None,
        errors: Errors::parse(&errors)?,
        root,
    })
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    here().join("../..")
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
