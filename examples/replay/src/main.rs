//! `cargo run -p swarmlet-replay -- FILE`: replays a CSV file and prints what the log says.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use swarmlet::{Durability, Node, Options};
use swarmlet_replay::{Answers, Columns, ask, print, replay};

/// Replay a CSV file of machine reports, each machine as an app of its own, and ask the log.
#[derive(Debug, Parser)]
#[command(name = "swarmlet-replay", version)]
struct Arguments {
    /// The CSV file; its first line names the columns.
    file: PathBuf,
    /// The data folder, made if it is not there; a temporary one unless set.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    columns: Columns,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    let answers = match &arguments.folder {
        Some(folder) => replay_into(folder, arguments).await?,
        None => {
            let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
            replay_into(&temporary.path().join("replay"), arguments).await?
        }
    };
    let mut out = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &answers)?;
        writeln!(out)?;
    } else {
        print(&answers, out)?;
    }
    Ok(())
}

async fn replay_into(folder: &Path, arguments: &Arguments) -> Result<Answers> {
    let path = &arguments.file;
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    // A sync for each row buys nothing here: whatever a power failure takes is still in the file.
    // Closing syncs the rest.
    let options = Options::new().durability(Durability::Buffered);
    let node = Node::open(folder, options).await?;
    let outcome = async {
        let replayed = replay(&node, file, &arguments.columns).await?;
        ask(&node, &arguments.columns, &replayed).await
    };
    let outcome = outcome.await;
    node.close().await?;
    outcome
}

#[expect(
    clippy::print_stderr,
    reason = "a command line program talks to its user"
)]
fn complain(error: &anyhow::Error) {
    // Errors of Swarmlet name their source themselves.
    match error.downcast_ref::<swarmlet::Error>() {
        Some(error) => eprintln!("error: {error}"),
        None => eprintln!("error: {error:#}"),
    }
}
