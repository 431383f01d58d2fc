//! Many nodes in one swarm, a process each: one publishes, all others receive.
//!
//! Each node knows nothing but its invite; whom it is connected with follows from what they tell
//! each other, with the twelve connections of the default.

use std::io::{BufRead as _, BufReader, Lines, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use swarmlet::{InviteOptions, Network, Node, Options, SubscribeOptions};
use swarmlet_bench::report::{Row, Target};
use swarmlet_bench::{cpu, memory};

use super::receiver::{Phase, micros, percentiles};
use super::sender::event;

/// Events a second, of the one author.
pub(crate) const RATE: u64 = 100;

/// What a swarm was like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// From the call of publish until a subscription has it, over all receiving nodes.
    latency: Phase,
    author_cpu: Duration,
    /// The mean and the most of the receiving nodes.
    reader_cpu: Duration,
    reader_cpu_max: Duration,
}

/// What a receiving node tells of what it received, in one line.
#[derive(Debug, Serialize, Deserialize)]
struct Heard {
    latencies_us: Vec<u64>,
    cpu: Duration,
    memory_mb: f64,
}

/// A receiving process. It is killed when this is dropped.
struct Reader {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// Measures a swarm of `count` nodes.
pub(crate) fn measure(folder: &Path, count: usize, seconds: u64) -> Result<Figures> {
    let folder = folder.join(format!("nodes-{count}"));
    let author = Node::open_blocking(folder.join("0"), options())?;
    author.swarm().create("bench", "author")?;
    let mut readers = Vec::new();
    for number in 1..count {
        let invite = author.swarm().invite(&InviteOptions::default())?;
        readers.push(Reader::start(&folder.join(number.to_string()), &invite)?);
    }
    publish(&author, &json!({ "end": "warm" }))?;
    hear(&mut readers)?;

    let begun = cpu::of_this_process().unwrap_or_default();
    let (start, every) = (Instant::now(), Duration::from_secs(1) / RATE as u32);
    for turn in 0..RATE * seconds {
        if let Some(early) = (every * turn as u32).checked_sub(start.elapsed()) {
            std::thread::sleep(early);
        }
        publish(&author, &json!({ "sent": micros() }))?;
    }
    publish(&author, &json!({ "end": "measured" }))?;
    let heard = hear(&mut readers)?;
    let author_cpu = cpu::of_this_process().unwrap_or_default() - begun;
    author.close_blocking()?;
    figures(&heard, RATE * seconds, author_cpu)
}

fn figures(heard: &[Heard], events: u64, author_cpu: Duration) -> Result<Figures> {
    let mut all = Vec::new();
    for heard in heard {
        let count = heard.latencies_us.len() as u64;
        ensure!(
            count == events,
            "a node was given {count} of {events} events"
        );
        all.extend_from_slice(&heard.latencies_us);
    }
    let times = || heard.iter().map(|heard| heard.cpu);
    let memory = heard.iter().map(|heard| heard.memory_mb);
    Ok(Figures {
        latency: Phase {
            memory_mb: memory.fold(0.0, f64::max),
            ..percentiles(all)
        },
        author_cpu,
        reader_cpu: times().sum::<Duration>() / heard.len() as u32,
        reader_cpu_max: times().max().unwrap_or_default(),
    })
}

impl Figures {
    /// The figures of `count` nodes beside those of two.
    pub(crate) fn rows(&self, count: usize, two: &Self, seconds: u64) -> Vec<Row> {
        let row = |part: &str, unit, value: &dyn Fn(&Self) -> f64| {
            let name = format!("{count} nodes, {RATE}/s, {part}");
            Row::alone(name, value(self), unit, Target::Open).beside(
                "2 nodes",
                value(two),
                Target::Open,
            )
        };
        let cpu = |part: &str| format!("{part}, CPU in {seconds} s");
        vec![
            row("p50", "us", &|of| of.latency.p50_us),
            row("p99", "us", &|of| of.latency.p99_us),
            row(&cpu("author"), "s", &|of| of.author_cpu.as_secs_f64()),
            row(&cpu("reader, mean"), "s", &|of| of.reader_cpu.as_secs_f64()),
            row(&cpu("reader, most"), "s", &|of| {
                of.reader_cpu_max.as_secs_f64()
            }),
            row("peak memory of a reader, most", "MB", &|of| {
                of.latency.memory_mb
            }),
        ]
    }
}

impl Reader {
    /// Starts one, and waits until it has joined.
    fn start(folder: &Path, invite: &str) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("read")
            .arg(folder)
            .arg(invite)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().context("the output is piped")?;
        let lines = BufReader::new(output).lines();
        let mut reader = Self { process, lines };
        reader.line()?;
        Ok(reader)
    }

    fn line(&mut self) -> Result<String> {
        Ok(self.lines.next().context("a node ended")??)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn hear(readers: &mut [Reader]) -> Result<Vec<Heard>> {
    let heard = readers.iter_mut().map(|reader| {
        let line = reader.line()?;
        serde_json::from_str(&line).with_context(|| format!("a node said: {line}"))
    });
    heard.collect()
}

fn publish(node: &Node, value: &Value) -> Result<()> {
    node.publish_many_blocking(vec![event(value)?])?;
    Ok(())
}

/// A receiving node: joins, and tells what it is given until nobody listens any more.
pub(crate) fn read(folder: &Path, invite: &str) -> Result<()> {
    // Whoever started this has ended when the input does.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let node = Node::open_blocking(folder, options())?;
    node.swarm()
        .join_blocking(invite, "reader", Duration::from_secs(30))?;
    println!("joined");
    let mut results = node.subscribe("FROM 'bench'", SubscribeOptions::default())?;
    let (mut latencies_us, mut begun) = (Vec::new(), Duration::ZERO);
    while let Some(rows) = results.next_chunk_within(4096, Some(Duration::from_secs(120)))? {
        let now = micros();
        for row in rows {
            let value: Value = row.payload().to_serde()?;
            if let Some(sent) = value["sent"].as_u64() {
                latencies_us.push(now.saturating_sub(sent));
            } else {
                let so_far = cpu::of_this_process().unwrap_or_default();
                let memory = memory::of_this_process();
                let heard = Heard {
                    latencies_us: std::mem::take(&mut latencies_us),
                    cpu: so_far - begun,
                    memory_mb: memory.map_or(0.0, |memory| memory.peak_bytes as f64 / 1e6),
                };
                begun = so_far;
                println!("{}", serde_json::to_string(&heard)?);
            }
        }
    }
    Ok(())
}

fn options() -> Options {
    let network = Network::new().listen("tcp://127.0.0.1:0").discovery(false);
    Options::new().network(network)
}
