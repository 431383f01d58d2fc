//! What all commands share.

use std::path::PathBuf;

use clap::{Args, Parser};

use super::command::Command;
use crate::place::folder_default;
use crate::show::Format;

/// A node of a swarm: an event log and files that devices share, without a server.
///
/// Each data folder is a device. A command talks to the node that runs in the folder, if one does
/// (`swarmlet run`), and else opens the folder for itself.
#[derive(Parser)]
#[command(
    name = "swarmlet",
    version,
    max_term_width = 100,
    subcommand_required = true
)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command can be told.
#[derive(Args)]
pub(crate) struct Global {
    /// The data folder of the device [default: `swarmlet` where this user's programs keep data].
    #[arg(
        long,
        short = 'C',
        global = true,
        env = "SWARMLET_FOLDER",
        value_name = "PATH"
    )]
    #[arg(hide_env_values = true)]
    folder: Option<PathBuf>,
    /// Write one JSON object a line, also for an error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Write comma separated values, with a heading.
    #[arg(long, global = true, conflicts_with = "json")]
    csv: bool,
    /// Write no notes and no progress.
    #[arg(long, short = 'q', global = true)]
    pub(crate) quiet: bool,
}

impl Global {
    /// The folder that is meant.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.clone().unwrap_or_else(folder_default)
    }

    /// The folder that was named by the words. What the environment says is the device of this
    /// user, and no place for others.
    pub(crate) fn named_folder(&self) -> Option<PathBuf> {
        let usual = std::env::var_os("SWARMLET_FOLDER");
        let named = self.folder.clone();
        named.filter(|folder| Some(folder.as_os_str()) != usual.as_deref())
    }

    /// What rows are written as.
    pub(crate) fn format(&self) -> Format {
        match (self.json, self.csv) {
            (true, _) => Format::Json,
            (false, true) => Format::Csv,
            (false, false) => Format::Table,
        }
    }
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 a check did not hold, 2 the command is wrong as it \
stands, 3 try again later, 4 the node has to be started again, 5 a person has to act on the \
device, 6 a fault of swarmlet, 130 interrupted.";
