//! Commands about the node itself.

use std::time::Duration;

use clap::Args;

use super::values;
use crate::ask::Errand;
use crate::demo;
use crate::limits::DEMO_DEVICES_MAX;
use crate::request::Request;
use crate::show::{Column, Fields, Layout, Shown, printable};

/// Run the node of the folder until interrupted; the folder is made if there is none.
///
/// Other commands on the same folder then talk to this node. It says on the standard output when it
/// runs, tells systemd as well, and closes cleanly on SIGTERM and SIGINT. Apps of this machine find
/// it by HTTP at port 4454, and people by the link that `swarmlet page` prints. What it is opened
/// with is in the settings of the folder: see `swarmlet settings`.
#[derive(Args)]
pub(crate) struct Run {
    /// What is logged to the standard error: error, warn, info, debug or trace; also by module.
    #[arg(
        long,
        default_value = "info",
        env = "SWARMLET_LOG",
        value_name = "FILTER"
    )]
    #[arg(hide_env_values = true)]
    pub(super) log: String,
}

/// Say in a line how the node stands: members seen, in sync or behind by how much.
#[derive(Args)]
pub(crate) struct Status {
    /// First wait until the node is in sync with all connected devices, at most so long.
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    wait: Option<Duration>,
}

/// List the connected devices, and how far each is.
#[derive(Args)]
pub(crate) struct Peers {}

/// Print a link to the page of the node that runs, for a browser of this machine.
///
/// The page shows the node and its swarm, and lets devices in and puts them out. The link is good
/// for 12 hours, for whoever has it.
#[derive(Args)]
pub(crate) struct Page {}

/// Say what keeps the node from working well: clock, disk, network, permissions, peers.
///
/// Each check has a verdict: good, warning, bad or unknown. If one is bad, the exit code is 1.
#[derive(Args)]
pub(crate) struct Doctor {}

/// Look at all files of the folder: every checksum, hash and signature; no node may run.
///
/// Nothing is changed and nothing is put right. If something is damaged, the exit code is 1.
#[derive(Args)]
pub(crate) struct Inspect {
    /// List the streams instead of the files.
    #[arg(long)]
    pub(super) streams: bool,
}

/// Show a small swarm on this machine, with events that come, to try all commands on.
///
/// Its devices are an office and presses of a production line that is made up. They are reached by
/// this machine only. All of it ends with Ctrl+C, and its folder is removed, unless one was named
/// with `--folder`: then the devices are in that, and go on there the next time.
#[derive(Args)]
pub(crate) struct Demo {
    /// How many devices there are, 2 to 10.
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    #[arg(value_parser = clap::value_parser!(u64).range(2..=DEMO_DEVICES_MAX))]
    devices: u64,
    /// End after this time.
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    duration: Option<Duration>,
}

impl Demo {
    pub(super) fn into_demo(self) -> demo::Demo {
        demo::Demo {
            devices: usize::try_from(self.devices).unwrap_or_default(),
            duration: self.duration,
        }
    }
}

impl Peers {
    pub(super) fn into_errand(self) -> Errand {
        Errand::new(Request::Peers, Layout::Table(PEERS))
    }
}

const PEERS: &[Column] = &[
    Column::new("name", "NAME", Shown::Plain),
    Column::new("node", "NODE", Shown::Plain),
    Column::new("address", "ADDRESS", Shown::Plain),
    Column::new("isInSync", "IN SYNC", Shown::Flag),
    Column::new("behind", "BEHIND", Shown::Number),
    Column::new("ahead", "AHEAD", Shown::Number),
    Column::new("lagSecs", "FOR S", Shown::Number),
    Column::new("roundTripMicros", "ROUND TRIP US", Shown::Number),
];

impl Page {
    pub(super) fn into_errand(self) -> Errand {
        Errand::new(Request::Page, Layout::Text(|row| row.text("url")))
    }
}

impl Status {
    pub(super) fn into_errand(self) -> Errand {
        let request = Request::Status { wait: self.wait };
        Errand::new(request, Layout::Text(line))
    }
}

/// The status in a line.
fn line(row: &Fields) -> String {
    let log = format!(
        "{} in {}",
        counted(row.number("events"), "event"),
        counted(row.number("streams"), "stream")
    );
    let fault = row.value("fault").map(|_| row.text("fault"));
    let fault = fault.map(|fault| format!("; fault: {}", printable(&fault)));
    let standing = match row.is("isRunning") {
        true => fault.unwrap_or_default(),
        false => "; no node runs".to_owned(),
    };
    if row.value("swarm").is_none() {
        return format!("in no swarm; {log}{standing}");
    }
    let seen = format!(
        "{} of {} seen",
        row.number("peers"),
        counted(row.number("members"), "other member")
    );
    let (behind, ahead) = (row.number("behind"), row.number("ahead"));
    let sync = match (row.is("isInSync"), behind, ahead) {
        (true, ..) => "in sync".to_owned(),
        (_, 0, 0) => "nobody to sync with".to_owned(),
        (_, behind, ahead) => {
            let lag = row.number("lagSecs");
            format!(
                "behind by {}, ahead by {ahead}, for {lag} s",
                counted(behind, "event")
            )
        }
    };
    let incidents = match row.list("incidents").len() as u64 {
        0 => String::new(),
        count => format!("; {} (--json shows them)", counted(count, "incident")),
    };
    format!("{sync}; {seen}; {log}{standing}{incidents}")
}

fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
