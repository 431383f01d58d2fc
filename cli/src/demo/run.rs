//! From nothing to a swarm that works, and back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use swarmlet::ErrorKind;
use swarmlet::report::PresentReport;
use tokio::task::JoinSet;

use super::device::Device;
use super::latency::Latencies;
use super::line;
use super::place::Place;
use crate::failure::{Failure, Result};
use crate::limits::DEMO_PERIOD;
use crate::service;
use crate::show::{Fields, Format, Layout, Printer, printable};

/// What is to be shown.
pub(crate) struct Demo {
    /// How many devices there are.
    pub(crate) devices: usize,
    /// How long it goes on; until it is interrupted, if nothing is said.
    pub(crate) duration: Option<Duration>,
}

/// What there is to try.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StartedRow {
    folder: String,
    /// The devices; the folder of each has its name.
    devices: Vec<String>,
    /// Where apps find the first.
    gateway: String,
    is_temporary: bool,
}

/// How it goes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FiguresRow {
    /// Events on the first device.
    events: u64,
    /// Devices that have the same as all that they are connected with, but for the last second.
    in_sync: Vec<String>,
    behind: Vec<String>,
    /// From the stamp of the author to a subscription on the first device.
    latency_micros_p50: Option<u64>,
    latency_micros_p99: Option<u64>,
}

/// A swarm that works.
#[derive(Default)]
struct Show {
    devices: Vec<Device>,
    /// The next of them.
    opening: JoinSet<Result<Device>>,
    latencies: Latencies,
    /// What happens on the devices.
    work: JoinSet<Result<()>>,
}

/// Shows a swarm until a signal says to stop, or its time is over.
pub(crate) async fn demo(
    demo: Demo,
    folder: Option<PathBuf>,
    format: Format,
    is_quiet: bool,
) -> Result<()> {
    service::start_log("error")?;
    let mut stop = service::Signals::new()?;
    let place = Place::new(folder)?;
    let mut show = Show::default();
    let ended = async {
        match demo.duration {
            Some(duration) => tokio::time::sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    let shown = tokio::select! {
        shown = show.run(&demo, &place, format, is_quiet) => shown,
        _ = stop.next() => Ok(()),
        () = ended => Ok(()),
    };
    let closed = show.close().await;
    let left = place.leave();
    shown.and(closed).and(left)
}

impl Show {
    /// Opens all of it, and prints how it goes, as long as somebody reads that.
    async fn run(
        &mut self,
        demo: &Demo,
        place: &Place,
        format: Format,
        is_quiet: bool,
    ) -> Result<()> {
        self.open(demo.devices, place.path()).await?;
        let mut printer = Printer::new(format, is_quiet, Layout::Text(started));
        printer.print(&self.started(place))?;
        printer.close()?;
        self.begin_work();
        let mut printer = Printer::new(format, is_quiet, Layout::Text(figures));
        let mut beats = tokio::time::interval(DEMO_PERIOD);
        beats.tick().await;
        loop {
            tokio::select! {
                _ = beats.tick() => {}
                Some(ended) = self.work.join_next() => return Err(broken(ended)),
            }
            printer.print(&self.figures()?)?;
            match printer.pause() {
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
                shown => shown.map_err(|error| Failure::io("cannot write how it goes", error))?,
            }
        }
    }

    async fn open(&mut self, count: usize, place: &Path) -> Result<()> {
        self.open_device(place, FIRST).await?;
        self.devices[0].found()?;
        for press in 1..count {
            self.open_device(place, &format!("press-{press}")).await?;
            self.devices[press].join(&self.devices[0]).await?;
        }
        Ok(())
    }

    /// Opens a device, which is closed with the others from then on. That goes on when nobody waits
    /// for it any more: cut off, it would leave a node that nobody closes.
    async fn open_device(&mut self, place: &Path, name: &str) -> Result<()> {
        let peers = self.devices.first().map(Device::listening);
        let opening = Device::open(place.join(name), name.to_owned(), peers.unwrap_or_default());
        self.opening.spawn(opening);
        if let Some(opened) = self.opening.join_next().await {
            self.devices.push(opened.map_err(cut_off)??);
        }
        Ok(())
    }

    fn begin_work(&mut self) {
        for (press, device) in self.devices.iter().enumerate() {
            let node = device.host.node.clone();
            match press {
                0 => {
                    self.work.spawn(self.latencies.clone().watch(node.clone()));
                    self.work.spawn(line::plan(node))
                }
                _ => self.work.spawn(line::work(node, press)),
            };
        }
    }

    fn started(&self, place: &Place) -> StartedRow {
        StartedRow {
            folder: place.path().display().to_string(),
            devices: self.names(|_| true),
            gateway: self.devices[0].addresses().join(", "),
            is_temporary: place.is_temporary(),
        }
    }

    fn figures(&self) -> Result<FiguresRow> {
        let in_sync = self.names(Device::is_in_sync);
        let behind = self.names(|device| !in_sync.contains(&device.name));
        Ok(FiguresRow {
            events: PresentReport::of(&self.devices[0].host.node)?.events,
            in_sync,
            behind,
            latency_micros_p50: self.latencies.quantile(0.5),
            latency_micros_p99: self.latencies.quantile(0.99),
        })
    }

    fn names(&self, is_meant: impl Fn(&Device) -> bool) -> Vec<String> {
        let meant = self.devices.iter().filter(|device| is_meant(device));
        meant.map(|device| device.name.clone()).collect()
    }

    /// Stops the work, and closes all nodes.
    async fn close(mut self) -> Result<()> {
        self.work.shutdown().await;
        while let Some(opened) = self.opening.join_next().await {
            // One that did not come about has nothing to close.
            self.devices.extend(opened.ok().and_then(Result::ok));
        }
        let mut closed = Ok(());
        for device in self.devices {
            closed = closed.and(device.close().await);
        }
        closed
    }
}

/// Why what never ends has ended.
fn broken(ended: Result<Result<()>, tokio::task::JoinError>) -> Failure {
    match ended {
        Ok(Err(failure)) => failure,
        Ok(Ok(())) => Failure::new(ErrorKind::Internal, "the demo has ended by itself"),
        Err(error) => cut_off(error),
    }
}

fn cut_off(error: tokio::task::JoinError) -> Failure {
    Failure::new(ErrorKind::Internal, format!("the demo has ended: {error}"))
}

/// What there is to try, for people.
fn started(row: &Fields) -> String {
    let folder = row.text("folder");
    let device = |name: &str| word(&format!("{folder}/{name}"));
    let devices = row.list("devices");
    let (first, last) = (
        device(FIRST),
        device(devices.last().map_or("", |name| name)),
    );
    let end = match row.is("isTemporary") {
        true => "Ctrl+C ends it, and removes the folder.",
        false => "Ctrl+C ends it; the folder stays.",
    };
    let lines = [
        format!(
            "{} devices in {}: {}",
            devices.len(),
            printable(&folder),
            devices.join(", ")
        ),
        format!(
            "apps find {FIRST} at {0}, monitoring at {0}/metrics",
            row.text("gateway")
        ),
        "ask them, in another terminal:".to_owned(),
        format!("  swarmlet --folder {first} status"),
        format!("  swarmlet --folder {first} page"),
        format!("  swarmlet --folder {first} query \"FROM 'stopped' ORDER DESC LIMIT 5\""),
        format!("  swarmlet --folder {last} query \"FROM 'part' AGGREGATE COUNT(_)\" --follow"),
        end.to_owned(),
    ];
    lines.join("\n")
}

/// How it goes, for people.
fn figures(row: &Fields) -> String {
    let (in_sync, behind) = (row.list("inSync"), row.list("behind"));
    let count = in_sync.len() + behind.len();
    let sync = match behind.is_empty() {
        true => format!("all {count} in sync"),
        false => format!("{} of {count} in sync", in_sync.len()),
    };
    let millis = |field: &str| row.number(field) as f64 / 1_000.0;
    let latency = match row.value("latencyMicrosP50") {
        None => String::new(),
        Some(_) => format!(
            "; from a press to {FIRST} in {:.1} ms, 99 of 100 within {:.1} ms",
            millis("latencyMicrosP50"),
            millis("latencyMicrosP99")
        ),
    };
    format!("{sync}; {} events{latency}", row.number("events"))
}

/// A path as one word of a shell.
fn word(path: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    match path.chars().all(is_plain) {
        true => path.to_owned(),
        false => format!("'{}'", printable(path).replace('\'', r"'\''")),
    }
}

/// The device that founds the swarm, and plans.
const FIRST: &str = "office";

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_device_that_is_being_opened_is_closed_with_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let mut show = Show::default();
        let mut opening = Box::pin(show.open(2, folder.path()));
        let is_begun = std::future::poll_fn(|context| {
            let polled = opening.as_mut().poll(context);
            Poll::Ready(polled.is_pending())
        });
        assert!(is_begun.await);
        drop(opening);
        show.close().await.unwrap();
        let office = folder.path().join(FIRST);
        assert!(service::is_data_folder(&office), "it was not waited for");
        let node = swarmlet::Node::open(&office, swarmlet::Options::new()).await;
        node.unwrap().close().await.unwrap();
    }

    #[test]
    fn paths_are_words_of_a_shell() {
        assert_eq!(
            word("/tmp/swarmlet-demo-a_b/office"),
            "/tmp/swarmlet-demo-a_b/office"
        );
        assert_eq!(word("/tmp/my demo"), "'/tmp/my demo'");
        assert_eq!(word("it's"), r"'it'\''s'");
    }
}
