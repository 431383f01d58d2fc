//! What is measured of some files: by us, by copies, by a bare socket and by iroh-blobs.
//!
//! In two rounds, the second in the opposite order and with other files. Who comes first finds a
//! disk at rest and memory at hand: a virtual machine has to get back from its host what was free
//! for some seconds, and writes a third as fast as long as it does. One order alone would have the
//! same ones pay for that each time. What was written stays until the end: a disk that discards
//! what is removed is busy with that when the next round begins.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use swarmlet::{BlobId, Hold, Node, PutOptions};

use crate::bare::{self, Copied};
use crate::fetcher::{Fetched, Fetcher};
use crate::iroh::{self, Times};

/// Files that are stored and moved, of the same length each.
pub(crate) struct Files {
    pub(crate) name: &'static str,
    pub(crate) count: u64,
    pub(crate) bytes: u64,
}

/// Who stores and moves them.
pub(crate) struct Parties {
    pub(crate) node: Node,
    pub(crate) fetcher: Fetcher,
    /// The program of iroh-blobs, if that is measured.
    pub(crate) iroh: Option<PathBuf>,
    /// Where all of them have their files.
    pub(crate) folder: PathBuf,
}

impl Parties {
    pub(crate) fn close(self) -> Result<()> {
        self.fetcher.close(&self.node)?;
        Ok(self.node.close_blocking()?)
    }
}

/// The seconds of a round, or of all.
#[derive(Default)]
pub(crate) struct Took {
    pub(crate) copied: f64,
    pub(crate) stored: f64,
    pub(crate) saved: f64,
    pub(crate) bare: Copied,
    pub(crate) fetched: Fetched,
    pub(crate) iroh: Option<Times>,
}

#[derive(Clone, Copy)]
enum Step {
    Copy,
    Store,
    Save,
    Bare,
    Fetch,
    Iroh,
}

const ORDER: [Step; 6] = [
    Step::Copy,
    Step::Store,
    Step::Save,
    Step::Bare,
    Step::Fetch,
    Step::Iroh,
];
/// The opposite, but nothing can be done with what is not stored.
const OPPOSITE: [Step; 6] = [
    Step::Store,
    Step::Iroh,
    Step::Fetch,
    Step::Bare,
    Step::Save,
    Step::Copy,
];

pub(crate) const ROUNDS: u64 = 2;

/// Measures both rounds.
pub(crate) fn measure(parties: &mut Parties, files: &Files) -> Result<Took> {
    let mut took = Round::begin(parties, files, 0)?.run(parties, ORDER)?;
    took += Round::begin(parties, files, 1)?.run(parties, OPPOSITE)?;
    Ok(took)
}

struct Round {
    folder: PathBuf,
    sources: PathBuf,
    paths: Vec<PathBuf>,
    ids: Vec<BlobId>,
}

impl Round {
    /// Makes files that no other round has.
    fn begin(parties: &Parties, files: &Files, number: u64) -> Result<Self> {
        let folder = parties.folder.join(format!("{}-{number}", files.name));
        let sources = folder.join("sources");
        fs::create_dir_all(&sources)?;
        let mut paths = Vec::new();
        for place in 0..files.count {
            let path = sources.join(place.to_string());
            fill(&path, files.bytes, place * ROUNDS + number)?;
            paths.push(path);
        }
        Ok(Self {
            folder,
            sources,
            paths,
            ids: Vec::new(),
        })
    }

    fn run(mut self, parties: &mut Parties, order: [Step; 6]) -> Result<Took> {
        let mut took = Took::default();
        for step in order {
            let start = Instant::now();
            match step {
                Step::Copy => {
                    self.copy_all()?;
                    took.copied = start.elapsed().as_secs_f64();
                }
                Step::Store => {
                    self.ids = store_all(&parties.node, &self.paths)?;
                    took.stored = start.elapsed().as_secs_f64();
                }
                Step::Save => {
                    self.save_all(&parties.node)?;
                    took.saved = start.elapsed().as_secs_f64();
                }
                Step::Bare => took.bare = bare::measure(&self.paths, &self.folder.join("bare"))?,
                Step::Fetch => took.fetched = parties.fetcher.fetch(&parties.node, &self.ids)?,
                Step::Iroh => took.iroh = self.iroh(parties.iroh.as_deref())?,
            }
        }
        Ok(took)
    }

    fn copy_all(&self) -> Result<()> {
        let copies = self.folder.join("copies");
        fs::create_dir_all(&copies)?;
        let mut numbered = self.paths.iter().enumerate();
        numbered.try_for_each(|(number, path)| copy(path, &copies.join(number.to_string())))
    }

    fn save_all(&self, node: &Node) -> Result<()> {
        let saved = self.folder.join("saved");
        fs::create_dir_all(&saved)?;
        let mut numbered = self.ids.iter().enumerate();
        numbered.try_for_each(|(number, id)| {
            let mut reader = node.blobs().get(*id);
            Ok(reader.save_blocking(saved.join(number.to_string()), None)?)
        })
    }

    fn iroh(&self, program: Option<&Path>) -> Result<Option<Times>> {
        let measure = |program| iroh::measure(program, &self.sources, &self.folder.join("iroh"));
        program.map(measure).transpose()
    }
}

impl AddAssign for Took {
    fn add_assign(&mut self, other: Self) {
        self.copied += other.copied;
        self.stored += other.stored;
        self.saved += other.saved;
        self.bare += other.bare;
        self.fetched += other.fetched;
        if let (Some(iroh), Some(other)) = (&mut self.iroh, other.iroh) {
            *iroh += other;
        }
    }
}

/// Stores files, some at a time.
fn store_all(node: &Node, paths: &[PathBuf]) -> Result<Vec<BlobId>> {
    let store = |path: &PathBuf| -> Result<BlobId> {
        let on_demand = PutOptions::new().hold(Hold::OnDemand);
        Ok(node.blobs().put_file_blocking(path, on_demand)?.id)
    };
    let share = paths.len().div_ceil(IN_FLIGHT).max(1);
    std::thread::scope(|scope| {
        let storing = paths.chunks(share).map(|share| {
            let store_share = move || share.iter().map(store).collect::<Result<Vec<BlobId>>>();
            scope.spawn(store_share)
        });
        let storing: Vec<_> = storing.collect();
        let stored = storing.into_iter().map(|thread| {
            let stored = thread.join();
            stored.expect("a storing thread does not panic")
        });
        Ok(stored.collect::<Result<Vec<_>>>()?.concat())
    })
}

/// Bytes that do not compress and differ for each seed.
fn fill(path: &Path, bytes: u64, seed: u64) -> Result<()> {
    let mut file = std::io::BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for _ in 0..bytes / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes())?;
    }
    file.into_inner()?.sync_data()?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let (mut from, mut to) = (File::open(from)?, File::create(to)?);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(to.sync_data()?);
        }
        to.write_all(&buffer[..read])?;
    }
}

/// Small files that are stored at the same time, by us and by iroh-blobs.
pub(crate) const IN_FLIGHT: usize = 32;
