//! What happens in a run, one action at a time.

use anyhow::{Context, Result, ensure};
use swarmlet_engine::ErrorKind;
use swarmlet_engine::event::{Content, Payload, Tags};
use swarmlet_engine::log::{Publish, Work};
use swarmlet_engine::storage::sim::{Fault, FaultPlan};

use crate::flip::check_flip;
use crate::met::Met;
use crate::mix::{Action, TAGS};
use crate::query::{Subject, draw_query, read_all};
use crate::world::{Attempt, HeldCursor, World};

impl World {
    /// Does the whole run.
    pub(crate) fn live(&mut self) -> Result<()> {
        self.restart()?;
        for _ in 0..self.mix.actions {
            self.recover_by_and_by();
            let action = self.mix.next_action(&mut self.random);
            self.trace.line(format_args!("{action:?}"));
            self.act(action).with_context(|| format!("{action:?}"))?;
        }
        self.finish().context("at the end")
    }

    fn act(&mut self, action: Action) -> Result<()> {
        match action {
            Action::Publish => self.publish(),
            Action::Query => self.query(),
            Action::HoldCursor => self.hold_cursor(),
            Action::ReadCursor => self.read_cursor(),
            Action::Maintain => self.maintain().map(|_| ()),
            Action::MarkIdle => self.simple("mark idle", |running| running.log.mark_idle()),
            Action::Sync => self.sync(),
            Action::Close => self.close_and_restart(),
            Action::Kill => {
                self.coverage.note(Met::Kill);
                self.kill();
                self.restart()
            }
            Action::PowerLoss => self.fail_power(),
            Action::FailOperation => {
                let faults = [Fault::Eio, Fault::Eio, Fault::Enospc, Fault::PowerLoss];
                let fault = *self.random.pick(&faults);
                let nth = 1 + self.random.skewed(60);
                self.disk.fail_nth_operation(nth, fault);
                Ok(())
            }
            Action::FailSync => {
                self.disk.fail_next_sync(1 + self.random.skewed(6));
                Ok(())
            }
            Action::FillDisk => {
                self.fill_disk();
                Ok(())
            }
            Action::ReadOnly => {
                self.disk.set_read_only(true);
                self.trouble.is_read_only = true;
                self.trouble.actions_left = self.random.up_to(6);
                Ok(())
            }
            Action::DrawFaults => {
                self.disk
                    .set_fault_plan(FaultPlan::from_seed(self.random.next()));
                self.trouble.has_plan = true;
                self.trouble.actions_left = self.random.up_to(25);
                Ok(())
            }
            Action::FlipBit => self.flip_bit(),
        }
    }

    fn recover_by_and_by(&mut self) {
        if self.trouble.actions_left > 0 {
            self.trouble.actions_left -= 1;
            if self.trouble.actions_left == 0 {
                self.heal();
            }
        }
    }

    fn publish(&mut self) -> Result<()> {
        for _ in 0..8 {
            let running = self.running.as_ref().context("the log is open")?;
            if running.log.has_room() || !self.maintain()? {
                break;
            }
        }
        if !self
            .running
            .as_ref()
            .is_some_and(|running| running.log.has_room())
        {
            return Ok(());
        }
        let calls = self.draw_calls()?;
        let now = self.tick();
        let plan = self.model.plan(&calls, &self.options, now)?;
        let was_poisoned = self.trouble.is_poisoned;
        let outcome = self.attempt("commit", |running| running.log.commit(&calls, now))?;
        match outcome {
            Attempt::Done(published) => {
                ensure!(!was_poisoned, "a commit succeeded after a failed sync");
                let keys: Vec<_> = published.iter().flatten().map(|event| event.key).collect();
                let expected: Vec<_> = plan.events.iter().map(|event| event.key).collect();
                ensure!(
                    keys == expected,
                    "published {keys:?} instead of {expected:?}"
                );
                self.trace.line(format_args!("committed {}", keys.len()));
                self.note_committed(&plan.events);
                let is_synced = !self.is_buffered();
                self.model.acknowledge(plan, is_synced);
            }
            Attempt::Failed(kind) => {
                self.trouble.was_full |= kind == ErrorKind::DiskFull;
                self.model.doubt(plan);
                if self.trouble.is_poisoned && self.random.percent(50) {
                    return self.restart();
                }
            }
            Attempt::PowerLost => {
                self.model.doubt(plan);
                return self.power_was_lost();
            }
        }
        Ok(())
    }

    fn note_committed(&mut self, events: &[swarmlet_engine::event::Event]) {
        let several = events
            .windows(2)
            .any(|two| two[0].key.stream != two[1].key.stream);
        if several {
            self.coverage.note(Met::SeveralStreams);
        }
        if std::mem::take(&mut self.trouble.was_full) {
            self.coverage.note(Met::FullDiskRecovered);
        }
    }

    /// Calls that fit a log file together.
    fn draw_calls(&mut self) -> Result<Vec<Publish>> {
        if self.mix.is_uniform {
            // The first batch has the name of its stream as well.
            let is_first = self.model.len() == 0;
            let bytes = if is_first {
                UNIFORM_BYTES - 8
            } else {
                UNIFORM_BYTES
            };
            let content = self.draw_content(bytes, 0)?;
            let app_id = self.mix.apps[0].clone();
            return Ok(vec![Publish::new(app_id, vec![content])?]);
        }
        let mut bytes_left = self.mix.log_file_bytes / 3;
        let mut calls = Vec::new();
        for _ in 0..self.random.up_to(self.mix.calls_max) {
            let mut contents = Vec::new();
            for _ in 0..self.random.below(self.mix.events_max + 1) {
                let bytes = self.random.skewed(self.mix.payload_bytes_max);
                if bytes + EVENT_BYTES_MAX > bytes_left {
                    break;
                }
                bytes_left -= bytes + EVENT_BYTES_MAX;
                let tags = self.random.below(4);
                contents.push(self.draw_content(bytes as usize, tags)?);
            }
            let app_id = self.random.pick(&self.mix.apps).clone();
            calls.push(Publish::new(app_id, contents)?);
        }
        Ok(calls)
    }

    fn draw_content(&mut self, payload_bytes: usize, tags: u64) -> Result<Content> {
        let tags: Vec<&str> = (0..tags).map(|_| *self.random.pick(&TAGS)).collect();
        let bytes = match self.random.percent(50) {
            true => self.random.bytes(payload_bytes),
            false => vec![self.random.next() as u8; payload_bytes],
        };
        let mut cbor = vec![0x5a];
        cbor.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        cbor.extend_from_slice(&bytes);
        Ok(Content::new(&Tags::new(tags)?, &Payload::from_cbor(cbor)?))
    }

    fn query(&mut self) -> Result<()> {
        let (query, expected) = self.draw_question()?;
        let events_max = self.random.up_to(40) as usize;
        let outcome = self.attempt("query", |running| {
            let mut cursor = running.reader.query(&query)?;
            let skipped = cursor.skipped().len();
            Ok((read_all(&mut cursor, events_max)?, skipped))
        })?;
        match outcome {
            Attempt::Done((events, skipped)) => {
                ensure!(
                    events == expected,
                    "{query:?} delivered {} of {}",
                    events.len(),
                    expected.len()
                );
                if skipped > 0 {
                    self.coverage.note(Met::SkippedByRetention);
                }
                Ok(())
            }
            Attempt::Failed(_) => Ok(()),
            Attempt::PowerLost => self.power_was_lost(),
        }
    }

    fn hold_cursor(&mut self) -> Result<()> {
        let (query, mut expected) = self.draw_question()?;
        expected.reverse();
        match self.attempt("query", |running| running.reader.query(&query))? {
            Attempt::Done(cursor) => {
                self.cursors.push(HeldCursor { cursor, expected });
                Ok(())
            }
            Attempt::Failed(_) => Ok(()),
            Attempt::PowerLost => self.power_was_lost(),
        }
    }

    fn read_cursor(&mut self) -> Result<()> {
        if self.cursors.is_empty() {
            return Ok(());
        }
        let at = self.random.below(self.cursors.len() as u64) as usize;
        let mut held = self.cursors.swap_remove(at);
        let events_max = self.random.up_to(10) as usize;
        let outcome = self.attempt("read on", |_| held.cursor.next_chunk(events_max, 16 * 1024))?;
        match outcome {
            Attempt::Done(chunk) => {
                for event in &chunk {
                    let expected = held.expected.pop();
                    ensure!(
                        expected.as_ref() == Some(event),
                        "a held cursor went astray"
                    );
                }
                ensure!(
                    !chunk.is_empty() || held.expected.is_empty(),
                    "a held cursor ended early"
                );
                self.coverage.note(Met::HeldCursor);
                self.cursors.push(held);
                Ok(())
            }
            Attempt::Failed(_) => {
                self.cursors.push(held);
                Ok(())
            }
            Attempt::PowerLost => self.power_was_lost(),
        }
    }

    fn draw_question(
        &mut self,
    ) -> Result<(
        swarmlet_engine::log::Query,
        Vec<swarmlet_engine::event::Event>,
    )> {
        let running = self.running.as_ref().context("the log is open")?;
        let present = running.reader.present();
        ensure!(
            present == self.model.offsets(),
            "present is not what was acknowledged"
        );
        let subject = Subject {
            present: &present,
            apps: &self.mix.apps,
            now: swarmlet_engine::event::Timestamp::from_micros(self.now),
            events: self.model.len() as u64,
        };
        let query = draw_query(&mut self.random, &subject);
        let expected = self.model.answer(&query, &self.floors);
        Ok((query, expected))
    }

    /// One step of maintenance; whether it did something.
    fn maintain(&mut self) -> Result<bool> {
        let now = self.tick();
        let work = match self.attempt("maintain", |running| running.maintenance.step(now))? {
            Attempt::Done(work) => work,
            Attempt::Failed(_) => None,
            Attempt::PowerLost => {
                self.power_was_lost()?;
                None
            }
        };
        match work {
            Some(Work::Seal) => self.coverage.note(Met::Sealed),
            Some(Work::Merge) => self.coverage.note(Met::Merged),
            Some(Work::Drop) => self.coverage.note(Met::Dropped),
            Some(Work::Spare) | None => {}
        }
        self.trace.line(format_args!("maintained: {work:?}"));
        let options = self.options.clone();
        self.check_floors(&options)?;
        Ok(work.is_some())
    }

    fn sync(&mut self) -> Result<()> {
        match self.attempt("sync", |running| running.log.sync())? {
            Attempt::Done(()) => {
                self.model.all_durable();
                Ok(())
            }
            Attempt::Failed(_) => Ok(()),
            Attempt::PowerLost => self.power_was_lost(),
        }
    }

    fn simple(
        &mut self,
        what: &str,
        call: impl FnOnce(&mut crate::world::Running) -> swarmlet_engine::Result<()>,
    ) -> Result<()> {
        match self.attempt(what, call)? {
            Attempt::Done(()) | Attempt::Failed(_) => Ok(()),
            Attempt::PowerLost => self.power_was_lost(),
        }
    }

    /// Closes the log; whether that went well.
    fn close(&mut self) -> Result<bool> {
        self.cursors.clear();
        let running = self.running.take().context("the log is open")?;
        let faults = self.disk.counters().faults;
        match running.log.close() {
            Ok(()) => {
                self.model.all_durable();
                self.coverage.note(Met::CleanClose);
                Ok(true)
            }
            Err(error) => {
                if let Attempt::PowerLost = self.judge::<()>("close", &error, faults)? {
                    self.lose_power();
                }
                Ok(false)
            }
        }
    }

    fn close_and_restart(&mut self) -> Result<()> {
        self.close()?;
        self.restart()
    }

    fn fail_power(&mut self) -> Result<()> {
        self.coverage.note(Met::PowerLoss);
        self.lose_power();
        self.restart()
    }

    fn power_was_lost(&mut self) -> Result<()> {
        self.coverage.note(Met::PowerLossInOperation);
        self.lose_power();
        self.restart()
    }

    fn fill_disk(&mut self) {
        let pages = |bytes: &Vec<u8>| bytes.len().div_ceil(4096) as u64 * 4096;
        let used: u64 = self.disk.files().values().map(pages).sum();
        let more = self.random.skewed(2 * self.mix.log_file_bytes);
        self.disk.set_bytes_capacity(Some(used + more));
        self.trouble.is_full = true;
        self.trouble.actions_left = self.random.up_to(20);
    }

    /// Damages a copy of the cleanly closed log in one place, and looks what becomes of it.
    fn flip_bit(&mut self) -> Result<()> {
        self.heal();
        if self.close()? {
            let files = self.disk.files();
            let names: Vec<_> = files
                .iter()
                .filter(|(_, bytes)| !bytes.is_empty())
                .collect();
            if let Some((name, bytes)) = (!names.is_empty()).then(|| *self.random.pick(&names)) {
                let offset = self.random.below(bytes.len() as u64);
                let bit = self.random.below(8) as u8;
                let expected = self.model.answer(&crate::query::everything(), &self.floors);
                let place = crate::flip::Place { name, offset, bit };
                let met = check_flip(&files, &place, &expected)
                    .with_context(|| format!("bit {bit} of byte {offset} of {name} flipped"))?;
                self.coverage.note(met);
            }
        }
        self.restart()
    }

    /// A healthy end: everything is there, also after all maintenance, and nothing is damaged.
    fn finish(&mut self) -> Result<()> {
        self.heal();
        if self.close()? {
            self.restart()?;
        } else {
            self.kill();
            self.restart()?;
        }
        self.heal();
        while self.maintain()? {}
        self.check_chains()?;
        for _ in 0..5 {
            self.query()?;
        }
        if self.is_recycling.load(std::sync::atomic::Ordering::Relaxed) {
            self.coverage.note(Met::Recycled);
        }
        for (name, bytes) in self.disk.files() {
            self.trace.bytes(name.to_string().as_bytes());
            self.trace.bytes(&bytes);
        }
        self.trace.line(format_args!("{:?}", self.disk.counters()));
        Ok(())
    }
}

/// Tags, headers and a signature, generously.
const EVENT_BYTES_MAX: u64 = 400;

/// Payload with which a frame is as long as a sector, so that each survives on its own.
const UNIFORM_BYTES: usize = 242;
