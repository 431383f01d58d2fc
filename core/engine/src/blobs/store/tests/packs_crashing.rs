//! Whatever happens, what was acknowledged is there and right.

use std::collections::BTreeSet;

use super::super::*;
use super::files::{all, begin, bytes, import, source};
use super::packs_tidy::open_small;
use crate::blobs::BlobId;
use crate::storage::SimDisk;
use crate::storage::sim::Fault;

/// Chance that follows from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A store, and what it has promised.
struct Story {
    chance: Chance,
    disk: SimDisk,
    store: BlobStore,
    kept: BTreeSet<BlobId>,
}

impl Story {
    fn new(seed: u64) -> Self {
        let disk = SimDisk::new(seed);
        Self {
            chance: Chance(seed),
            store: open_small(&disk),
            disk,
            kept: BTreeSet::new(),
        }
    }

    fn content(&mut self) -> Vec<u8> {
        let number = self.chance.below(40);
        let len = [0, 100, 1_000, 3_000, 20_000][(number % 5) as usize];
        bytes(len, number as u8)
    }

    fn step(&mut self) {
        match self.chance.below(20) {
            0..8 => {
                let content = self.content();
                let id = BlobId::of(&content);
                if import(&self.store, &content).is_ok() {
                    self.kept.insert(id);
                }
            }
            8..11 => self.fetch(),
            11..14 => {
                let id = BlobId::of(&self.content());
                // Whether it is gone or not after an error nobody knows.
                self.kept.remove(&id);
                let _ = self.store.remove(id);
            }
            14..16 => drop(self.store.tidy()),
            16 => {
                let nth = 1 + self.chance.below(2);
                self.disk.fail_next_sync(nth);
            }
            17 => {
                let fault = [Fault::Eio, Fault::PowerLoss, Fault::Enospc];
                let fault = fault[self.chance.below(3) as usize];
                let nth = 1 + self.chance.below(30);
                self.disk.fail_nth_operation(nth, fault);
            }
            _ => self.restart(),
        }
    }

    /// Several blobs at once.
    fn fetch(&mut self) {
        let sources = [(); 3].map(|()| source(&self.content()));
        let mut ids = BTreeSet::new();
        let new = sources.iter().filter(|source| ids.insert(source.id()));
        let begun = new.filter_map(|source| {
            if !matches!(self.store.blob(source.id()), Ok(None)) {
                return None;
            }
            let part = begin_checked(&self.store, source)?;
            (part.missing_count() == 0).then_some(part)
        });
        let parts: Vec<Part> = begun.collect();
        let outcomes = self.store.complete(&parts.iter().collect::<Vec<_>>());
        for (part, outcome) in parts.iter().zip(outcomes) {
            if outcome.is_ok() {
                self.kept.insert(part.id());
            }
        }
    }

    fn restart(&mut self) {
        let is_power_loss = self.chance.below(2) == 0;
        self.disk = match is_power_loss {
            true => self.disk.power_loss(),
            false => self.disk.kill(),
        };
        // If the power had failed already, what else was to fail still is.
        self.disk = self.disk.kill();
        self.store = open_small(&self.disk);
        self.check();
    }

    fn check(&self) {
        assert!(self.store.faults().is_empty(), "{:?}", self.store.faults());
        for id in &self.kept {
            assert!(self.store.blob(*id).unwrap().is_some(), "{id} is lost");
        }
        for id in self.store.list().unwrap() {
            let blob = self.store.blob(id).unwrap().unwrap();
            let found = all(&blob).map(|bytes| BlobId::of(&bytes));
            assert_eq!(found.ok(), Some(id), "it is not right");
        }
    }
}

fn begin_checked(store: &BlobStore, source: &Blob) -> Option<Part> {
    let last = source.size().last_piece();
    let encoded = source.encode(last).unwrap();
    let begun = store.begin(source.id(), source.size(), (last, &encoded), 0);
    begun.ok()?
}

#[test]
fn what_was_acknowledged_is_there_after_any_crash() {
    for seed in 0..400 {
        let mut story = Story::new(seed);
        for _ in 0..60 {
            story.step();
        }
        story.restart();
        story.restart();
        assert!(begin_works(&story), "seed {seed}");
    }
}

/// The store can still be used.
fn begin_works(story: &Story) -> bool {
    let source = source(&bytes(5_000, 99));
    let part = begin(&story.store, &source).unwrap();
    story.store.complete(&[&part]).remove(0).is_ok()
}
