//! The list of commands.

use clap::{CommandFactory as _, Subcommand};
use clap_complete::Shell;

use super::front::Arguments;
use super::{blobs, carry, events, node, settings, subscribe, swarm};
use crate::ask::Errand;
use crate::demo::Demo;
use crate::failure::Result;
use crate::show::Layout;

/// A command.
#[derive(Subcommand)]
pub(crate) enum Command {
    Run(node::Run),
    Status(node::Status),
    Peers(node::Peers),
    Page(node::Page),
    #[command(subcommand)]
    Swarm(swarm::Swarm),
    Publish(events::Publish),
    Query(events::Query),
    Subscribe(subscribe::Subscribe),
    Offsets(events::Offsets),
    Explain(events::Explain),
    #[command(subcommand)]
    Blobs(blobs::Blobs),
    Export(carry::Export),
    Import(carry::Import),
    #[command(subcommand)]
    Settings(settings::Settings),
    Doctor(node::Doctor),
    Inspect(node::Inspect),
    Demo(node::Demo),
    Completions(Completions),
}

/// Print a script that lets a shell complete the words of this command.
#[derive(clap::Args)]
pub(crate) struct Completions {
    /// The shell: how the script is used says its manual.
    shell: Shell,
}

/// What is to be done.
pub(crate) enum Task {
    /// Run a node until it is told to stop.
    Run { log: String },
    /// Ask a node.
    Ask(Box<Errand>),
    /// Print a text that needs no node.
    Print(String),
    /// Print a row, a JSON object, that needs no node.
    Row(serde_json::Value, Layout),
    /// Look at a device and its machine.
    Doctor,
    /// Show a swarm on this machine.
    Demo(Demo),
    /// Look at the files of a folder, or at the streams in them.
    Inspect { by_stream: bool },
}

impl Command {
    /// What is to be done for these words; reads what they name.
    pub(crate) fn into_task(self) -> Result<Task> {
        let errand = match self {
            Self::Run(run) => return Ok(Task::Run { log: run.log }),
            Self::Completions(completions) => return Ok(Task::Print(completions.script())),
            Self::Settings(settings) => return settings.into_task(),
            Self::Doctor(_) => return Ok(Task::Doctor),
            Self::Demo(demo) => return Ok(Task::Demo(demo.into_demo())),
            Self::Inspect(node::Inspect { streams }) => {
                return Ok(Task::Inspect { by_stream: streams });
            }
            Self::Status(status) => status.into_errand(),
            Self::Peers(peers) => peers.into_errand(),
            Self::Page(page) => page.into_errand(),
            Self::Swarm(swarm) => swarm.into_errand()?,
            Self::Publish(publish) => publish.into_errand()?,
            Self::Query(query) => query.into_errand()?,
            Self::Subscribe(subscribe) => subscribe.into_errand()?,
            Self::Offsets(offsets) => offsets.into_errand(),
            Self::Explain(explain) => explain.into_errand()?,
            Self::Blobs(blobs) => blobs.into_errand()?,
            Self::Export(export) => export.into_errand()?,
            Self::Import(import) => import.into_errand(),
        };
        Ok(Task::Ask(Box::new(errand)))
    }
}

impl Completions {
    fn script(&self) -> String {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut Arguments::command(),
            "swarmlet",
            &mut script,
        );
        String::from_utf8_lossy(&script).into_owned()
    }
}
