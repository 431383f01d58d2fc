//! Ending and starting again, and what must hold then.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use swarmlet_engine::event::Offset;
use swarmlet_engine::log::Log;

use crate::met::Met;
use crate::mix::draw_options;
use crate::model::{Dropped, Found};
use crate::query::{everything, read_all};
use crate::world::{Attempt, Running, World};
use swarmlet_sim::chain::follow_chains;

impl World {
    /// Opens the log, however often that fails, and checks everything in it.
    pub(crate) fn restart(&mut self) -> Result<()> {
        let before = self.options.clone();
        if self.random.percent(30) {
            let durability = self.options.durability;
            self.options = draw_options(&mut self.random);
            if self.random.percent(70) {
                self.options.durability = durability;
            }
        }
        for attempt in 0..ATTEMPTS_MAX {
            if attempt == ATTEMPTS_MAX / 2 {
                self.heal();
            }
            if self.open()? && self.settle(&before)? {
                return Ok(());
            }
        }
        bail!("the log cannot be opened although the disk is well")
    }

    /// Ends the process without closing the log.
    pub(crate) fn kill(&mut self) {
        self.drop_log();
        self.disk = self.disk.kill();
    }

    /// Fails the power.
    pub(crate) fn lose_power(&mut self) {
        self.drop_log();
        let before = self.disk.files();
        self.disk = self.disk.power_loss();
        self.trouble.may_lose = true;
        if self.disk.files() != before {
            self.coverage.note(Met::UnsyncedWriteLost);
        }
    }

    fn drop_log(&mut self) {
        self.cursors.clear();
        self.running = None;
    }

    fn open(&mut self) -> Result<bool> {
        self.drop_log();
        let faults = self.disk.counters().faults;
        let disk = Arc::new(self.small_files());
        match Log::open(disk, self.signer.clone(), self.options.clone()) {
            Ok(mut log) => {
                let maintenance = log.maintenance().context("maintenance is there once")?;
                let reader = log.reader();
                if reader.stats().bytes_set_aside > 0 {
                    self.coverage.note(Met::TornWriteSetAside);
                }
                self.trace.line(format_args!("open: {:?}", reader.stats()));
                self.running = Some(Running {
                    log,
                    maintenance,
                    reader,
                });
                Ok(true)
            }
            Err(error) => {
                self.coverage.note(Met::OpenFailed);
                // An error of one attempt is no reason for another to fail.
                self.trouble.is_poisoned = false;
                if let Attempt::PowerLost = self.judge::<()>("open", &error, faults)? {
                    self.coverage.note(Met::PowerLossInOperation);
                    self.lose_power();
                }
                self.trouble.is_poisoned = false;
                Ok(false)
            }
        }
    }

    /// Compares what is there with the model; false if the disk failed meanwhile.
    fn settle(&mut self, before: &swarmlet_engine::log::LogOptions) -> Result<bool> {
        self.trouble.is_poisoned = false;
        let outcome = self.attempt("read everything", |running| {
            let mut cursor = running.reader.query(&everything())?;
            read_all(&mut cursor, 100)
        })?;
        let events = match outcome {
            Attempt::Done(events) => events,
            Attempt::Failed(_) => return Ok(false),
            Attempt::PowerLost => {
                self.lose_power();
                return Ok(false);
            }
        };
        let running = self.running.as_ref().context("it was just opened")?;
        let streams = running.reader.streams();
        let found = Found {
            events,
            present: running.reader.present(),
            floors: streams.iter().map(|info| (info.id, info.first)).collect(),
            streams: streams
                .iter()
                .map(|info| (info.name.clone(), info.id))
                .collect(),
        };
        let settled = self.model.settle(&found, self.trouble.may_lose)?;
        self.trace.line(format_args!(
            "settled: {} events, {settled:?}",
            self.model.len()
        ));
        if settled.groups_lost > 0 {
            self.coverage.note(Met::BufferedLoss);
        }
        if settled.is_doubt_kept {
            self.coverage.note(Met::DoubtfulGroupKept);
        }
        self.trouble.may_lose = false;
        self.check_floors(before)?;
        self.check_chains()?;
        Ok(true)
    }

    /// Checks what retention has dropped since the last time.
    pub(crate) fn check_floors(
        &mut self,
        options: &swarmlet_engine::log::LogOptions,
    ) -> Result<()> {
        let running = self.running.as_ref().context("the log is open")?;
        let now = swarmlet_engine::event::Timestamp::from_micros(self.now);
        for info in running.reader.streams() {
            let from = self.floors.get(&info.id).copied().unwrap_or(Offset::ZERO);
            self.model.check_dropped(&Dropped {
                stream: info.id,
                from,
                to: info.first,
                limits: options.streams.get(&info.name),
                now,
            })?;
            self.floors.insert(info.id, info.first);
        }
        Ok(())
    }

    /// Follows all chains by other means than the log, and compares the events on them.
    pub(crate) fn check_chains(&mut self) -> Result<()> {
        let there = follow_chains(&self.disk.files())?;
        let everything = self.model.answer(&everything(), &self.floors);
        for event in &everything {
            ensure!(
                there.get(&event.key) == Some(event),
                "{:?} is not on its chain",
                event.key
            );
        }
        Ok(())
    }
}

const ATTEMPTS_MAX: u32 = 40;
