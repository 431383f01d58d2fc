//! Opening and closing: which parts a node has, and in which order they come and go.
//!
//! Opening: folder and lock, identity, log, maintenance, writer. Closing runs on the writer thread
//! and goes the other way round; the folder is released last, when nothing can touch it any more.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use swarmlet_engine::event::Signer;
use swarmlet_engine::log::Log;
use swarmlet_engine::storage::{Disk, FsDisk};
use swarmlet_engine::{Error, ErrorKind, Result};

use crate::blobs::{BlobCollector, BlobKeeper};
use crate::clock::Stopwatch;
use crate::disk::MeasuredDisk;
use crate::folder::DataFolder;
use crate::maintenance::Upkeep;
use crate::metrics::{Metrics, Recorders};
use crate::options::Settings;
use crate::state::State;
use crate::swarm::{Gatehouse, SwarmSide, Vault};
use crate::writer::Writer;

/// The running parts of a node. Dropping it begins to close the node.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) state: Arc<State>,
    pub(crate) writer: Arc<Writer>,
    pub(crate) upkeep: Arc<Upkeep>,
    pub(crate) swarm: Arc<SwarmSide>,
    pub(crate) blobs: Arc<BlobKeeper>,
    /// Where the data folder is.
    pub(crate) path: PathBuf,
}

impl Running {
    /// Opens the folder and starts the threads.
    pub(crate) fn open(path: &Path, settings: Settings) -> Result<Self> {
        let _span = tracing::info_span!("open", path = %path.display()).entered();
        let folder = DataFolder::open(path)?;
        let signer = folder.identity(settings.key_store.as_deref())?;
        let disk = FsDisk::open(folder.path()).map_err(|err| {
            Error::io("cannot open the data folder", err).with("path", path.display())
        })?;
        let running = Self::start(Arc::new(disk), signer, settings, Some(folder))?;
        tracing::info!(node = %running.state.id, "opened");
        Ok(running)
    }

    /// What was counted and measured so far.
    pub(crate) fn metrics(&self) -> Metrics {
        let Self {
            state,
            writer,
            upkeep,
            swarm,
            ..
        } = self;
        let mut metrics = state.recorders.snapshot(state.position());
        metrics.log = state.log_stats();
        metrics.stream_epochs = state.epochs(metrics.epoch);
        metrics.queue_bytes = writer.queue_bytes();
        metrics.is_read_only = metrics.log.is_read_only || writer.is_lost();
        upkeep.fill(&mut metrics);
        swarm.fill(&mut metrics.swarm);
        metrics
    }

    /// Starts the threads over a disk; the folder, if there is one, is released when all ended.
    fn start(
        disk: Arc<dyn Disk>,
        signer: Arc<dyn Signer>,
        settings: Settings,
        folder: Option<DataFolder>,
    ) -> Result<Self> {
        let id = signer.node_id();
        let recorders = Recorders::new(settings.clock.now(), settings.log.durability);
        let recorders = Arc::new(recorders);
        let disk = Arc::new(MeasuredDisk::new(disk, recorders.clone()));
        let durability = settings.log.durability;
        let vault = Vault::new(folder.as_ref().map(DataFolder::path));
        let house = Gatehouse::open(vault, signer.clone(), settings.clock.clone())?;
        let house = Arc::new(house);
        let mut log_options = settings.log;
        log_options.incarnation = house.incarnation()?;
        let blobs = BlobKeeper::open(disk.clone(), settings.blobs_bytes_max)?;
        let blobs = Arc::new(blobs);
        recorders.note_epoch(log_options.incarnation);
        let taken = Stopwatch::start();
        let mut log = Log::open(disk, signer, log_options)?;
        recorders.note_recovered(taken.elapsed());
        let maintenance = log.maintenance().ok_or_else(|| {
            Error::new(
                ErrorKind::Internal,
                "a log just opened has no background work",
            )
        })?;
        let state = State::new(id, log.reader(), settings.clock.clone(), recorders);
        let state = Arc::new(state);
        blobs.judge_by(state.clone(), house.clone());
        let swarm = SwarmSide::new(house, settings.network, state.clone(), blobs.clone());
        let upkeep = Arc::new(Upkeep::new(state.recorders.clone()));
        let keeper = upkeep.start(maintenance, settings.clock, state.parking.clone())?;
        let collected = BlobCollector::start(blobs.clone(), settings.blobs_sweep_period);
        let collector = collected.inspect_err(|_| upkeep.stop())?;
        let writer = Writer::new(
            log,
            durability,
            settings.queue_bytes,
            state.clone(),
            upkeep.clone(),
        );
        let running = Self {
            state,
            writer: Arc::new(writer),
            upkeep,
            swarm: Arc::new(swarm),
            blobs,
            path: folder
                .as_ref()
                .map(DataFolder::path)
                .unwrap_or(Path::new(""))
                .to_owned(),
        };
        running.start_writer([keeper, collector], folder)?;
        running.swarm.connect(&running.writer)?;
        Ok(running)
    }

    /// Starts the writer thread, which ends the others when it has written everything.
    fn start_writer(&self, others: [JoinHandle<()>; 2], folder: Option<DataFolder>) -> Result<()> {
        let Self {
            state,
            writer,
            upkeep,
            swarm,
            blobs,
            ..
        } = self;
        let (state, writer, upkeep) = (state.clone(), writer.clone(), upkeep.clone());
        let (swarm, blobs) = (swarm.clone(), blobs.clone());
        let run = move || {
            let log = writer.run();
            swarm.join();
            // Whoever waits for a blob looks again, and finds the node closed.
            blobs.note_moved();
            upkeep.stop();
            blobs.stop_collecting();
            let ended = others.map(JoinHandle::join);
            blobs.settle();
            state.shut_gate();
            let closed = log.map_or(Ok(()), |log| log.close());
            drop(folder);
            debug_assert!(
                ended.iter().all(std::result::Result::is_ok),
                "no thread panics"
            );
            state.end_close(closed);
        };
        let started = std::thread::Builder::new()
            .name("swarmlet-writer".into())
            .spawn(run);
        started.map(drop).map_err(|err| {
            self.upkeep.stop();
            self.blobs.stop_collecting();
            Error::io("cannot start the writer thread", err)
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.writer.begin_close();
    }
}

#[cfg(test)]
mod tests;
