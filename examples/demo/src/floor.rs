//! The shop floor: opens the node, lets the apps run for a while, and says what came of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use swarmlet::{Node, Options, Retention};
use tokio::task::JoinSet;

use crate::apps::{run_dashboard, run_line, run_machine};
use crate::figures::{Board, Figures};
use crate::machine::{Machine, STATIONS};
use crate::screen::{Screen, View};

/// A run of the floor.
#[derive(Debug)]
pub(crate) struct Floor {
    pub(crate) folder: PathBuf,
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
}

impl Floor {
    /// Runs the floor; fails if anything acknowledged did not come out again.
    pub(crate) async fn run(&self) -> Result<()> {
        let node = open(&self.folder).await?;
        let outcome = self.run_on(&node).await;
        let closed = node.close().await;
        let figures = outcome?;
        closed.context("the node did not close")?;
        ensure!(
            figures.is_settled(),
            "{} events were acknowledged, {} came out at the dashboard",
            figures.acknowledged,
            figures.delivered
        );
        Ok(())
    }

    async fn run_on(&self, node: &Node) -> Result<Figures> {
        let board = Arc::new(Board::new());
        let from = node.offsets()?.present;
        let mut screen = Screen::new(&self.folder, self.seconds)?;
        let mut readers = JoinSet::new();
        readers.spawn(run_dashboard(node.clone(), from.clone(), board.clone()));
        readers.spawn(run_line(node.clone(), from, board.clone()));
        let stop = Arc::new(AtomicBool::new(false));
        let mut machines = self.start_machines(node, &board, &stop)?;

        let started = Instant::now();
        let view = |figures| View {
            figures,
            elapsed: started.elapsed(),
        };
        let mut tick = tokio::time::interval(screen.pause());
        let interrupted = tokio::signal::ctrl_c();
        tokio::pin!(interrupted);
        while started.elapsed() < Duration::from_secs(self.seconds) {
            tokio::select! {
                _ = tick.tick() => screen.update(&view(board.snapshot()))?,
                Some(ended) = machines.join_next() => ended??,
                Some(ended) = readers.join_next() => ended??,
                _ = &mut interrupted => break,
            }
        }
        stop.store(true, Relaxed);
        while let Some(ended) = machines.join_next().await {
            ended??;
        }
        let ran = started.elapsed();
        let figures = settle(&board).await;
        screen.finish(&View {
            figures: figures.clone(),
            elapsed: ran,
        })?;
        screen.streams(&node.streams()?)?;
        Ok(figures)
    }

    fn start_machines(
        &self,
        node: &Node,
        board: &Arc<Board>,
        stop: &Arc<AtomicBool>,
    ) -> Result<JoinSet<swarmlet::Result<()>>> {
        let mut machines = JoinSet::new();
        for station in &STATIONS {
            let node = node.scoped(station.app_id.parse()?);
            let machine = Machine::new(station, self.seed);
            machines.spawn(run_machine(node, machine, board.clone(), stop.clone()));
        }
        Ok(machines)
    }
}

/// The node of the floor: sensor readings go to a stream of their own, of which only the last
/// ones are kept.
async fn open(folder: &Path) -> swarmlet::Result<Node> {
    let options = Options::new()
        .app_id("com.example.shop.dashboard")
        .stream("sensors", Retention::keep_all().events(50_000))
        .route("'sensor'", "sensors");
    Node::open(folder, options).await
}

/// Waits until the readers have seen everything that was acknowledged.
async fn settle(board: &Board) -> Figures {
    let deadline = Instant::now() + SETTLE_MAX;
    loop {
        let figures = board.snapshot();
        if figures.is_settled() || Instant::now() > deadline {
            return figures;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

const SETTLE_MAX: Duration = Duration::from_secs(10);
