//! What is measured, under which name. Names and labels are part of the interface.
//!
//! This begins and ends the page; `log`, `swarm` and `blobs` tell of what they are called. How many
//! series there are is bounded: peers and apps are told of by name as far as the node counts them
//! so, which are 64 each, and the rest together; all other labels have a few values, known here.

use swarmlet::{BlobUsage, Metrics};

use super::process::Process;
use super::text::{Kind, Text, seconds};
use super::{blobs, log, swarm};
use crate::desk::Desk;
use crate::limits::SOCKETS_MAX;

use Kind::{Counter, Gauge};

/// All of it, as it is now. It waits for the disk.
pub(super) fn page(desk: &Desk, usage: Option<&BlobUsage>) -> String {
    let metrics = desk.node.metrics();
    // Without a swarm there are none.
    let members = desk.node.swarm().members().unwrap_or_default();
    let mut text = Text::default();
    node(&mut text, desk, &metrics);
    log::publishing(&mut text, &metrics);
    log::reading(&mut text, &metrics);
    log::storing(&mut text, desk, &metrics, usage);
    log::upkeep(&mut text, &metrics);
    swarm::syncing(&mut text, desk, &metrics, &members);
    swarm::connecting(&mut text, &metrics.swarm);
    swarm::judging(&mut text, &metrics);
    swarm::membership(&mut text, desk, &metrics.swarm, &members);
    blobs::exchanging(&mut text, &metrics.blobs);
    gateway(&mut text, desk);
    process(&mut text);
    text.into_string()
}

fn node(text: &mut Text, desk: &Desk, metrics: &Metrics) {
    let (name, device) = ("swarmlet_node_info", desk.node.id().to_string());
    let epoch = metrics.epoch.to_string();
    text.family(name, Gauge, "What runs here.");
    let labels = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("os", std::env::consts::OS),
        ("arch", std::env::consts::ARCH),
        ("device", device.as_str()),
        ("epoch", epoch.as_str()),
    ];
    text.sample(name, &labels, 1);
    let help = "For how long the node is open, in seconds.";
    let uptime = seconds(metrics.uptime);
    text.single("swarmlet_node_uptime_seconds", Gauge, help, uptime);
    let help = "When the node was opened, in seconds since 1970.";
    let opened = metrics.opened.micros() as f64 / 1e6;
    text.single("swarmlet_node_start_time_seconds", Gauge, help, opened);
}

fn gateway(text: &mut Text, desk: &Desk) {
    let help = "Connections of apps.";
    let connections = desk.seats.count();
    text.single("swarmlet_gateway_connections", Gauge, help, connections);
    let help = "WebSockets of apps.";
    let sockets = SOCKETS_MAX - desk.sockets.available_permits();
    text.single("swarmlet_gateway_sockets", Gauge, help, sockets);
    let name = "swarmlet_gateway_requests_total";
    let help = "Requests of apps, by the class of the answer.";
    text.family(name, Counter, help);
    for (class, count) in desk.tally.counts() {
        text.sample(name, &[("status", class)], count);
    }
}

fn process(text: &mut Text) {
    let Some(process) = Process::look() else {
        return;
    };
    let help = "Time on processors, in seconds.";
    let cpu = seconds(process.cpu);
    text.single("process_cpu_seconds_total", Counter, help, cpu);
    let help = "Bytes of memory of the process.";
    let resident = process.resident_bytes;
    text.single("process_resident_memory_bytes", Gauge, help, resident);
    let help = "When the process began, in seconds since 1970.";
    let started = seconds(process.started);
    text.single("process_start_time_seconds", Gauge, help, started);
    let help = "Descriptors that are open.";
    text.single("process_open_fds", Gauge, help, process.descriptors);
    if let Some(most) = process.descriptors_max {
        let help = "How many descriptors may be open.";
        text.single("process_max_fds", Gauge, help, most);
    }
}
