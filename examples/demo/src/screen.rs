//! The numbers as text: updated in place on a terminal, a line each second elsewhere.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use swarmlet::StreamInfo;

use crate::figures::Figures;
use crate::latency::Latencies;
use crate::machine::STATIONS;

/// What is shown at one moment.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) figures: Figures,
    pub(crate) elapsed: Duration,
}

/// Where the numbers go.
#[derive(Debug)]
pub(crate) struct Screen {
    folder: PathBuf,
    seconds: u64,
    in_place: bool,
    lines_shown: usize,
    recent: VecDeque<(Duration, u64)>,
}

impl Screen {
    /// Says what is about to run.
    pub(crate) fn new(folder: &Path, seconds: u64) -> io::Result<Self> {
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "Swarmlet demo: {} machines, a dashboard and a line app on one node, {seconds} s.\n\
             Every event is on the disk, synced, before its publish returns.\n",
            STATIONS.len()
        )?;
        Ok(Self {
            folder: folder.to_path_buf(),
            seconds,
            in_place: io::stdout().is_terminal(),
            lines_shown: 0,
            recent: VecDeque::new(),
        })
    }

    /// How long to wait between updates.
    pub(crate) fn pause(&self) -> Duration {
        Duration::from_millis(if self.in_place { 250 } else { 1_000 })
    }

    /// Shows the numbers of now.
    pub(crate) fn update(&mut self, view: &View) -> io::Result<()> {
        let rate = self.rate(view);
        if self.in_place {
            return self.redraw(&self.block(view, rate));
        }
        if view.elapsed < self.pause() / 2 {
            return Ok(());
        }
        let line = self.line(view, rate);
        writeln!(io::stdout().lock(), "{line}")
    }

    /// Shows the numbers of the whole run and how to ask for more.
    pub(crate) fn finish(&mut self, view: &View) -> io::Result<()> {
        let rate = per_second(view.figures.acknowledged, view.elapsed);
        let block = self.block(view, rate);
        if !self.in_place {
            writeln!(io::stdout().lock())?;
        }
        self.redraw(&block)?;
        let figures = &view.figures;
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "\n{} events acknowledged, {} delivered to the dashboard.",
            grouped(figures.acknowledged),
            grouped(figures.delivered)
        )
    }

    /// Shows what the folder holds, of this run and those before, and how to ask it.
    pub(crate) fn streams(&self, streams: &[StreamInfo]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let folder = self.folder.display();
        writeln!(out, "\nThe log is in {folder}:")?;
        for stream in streams {
            let kept = stream.last.get() + 1 - stream.first.get();
            writeln!(out, "  {:<10} {:>11} events", stream.name, grouped(kept))?;
        }
        writeln!(
            out,
            "\nRun the demo again and it continues there. Ask it:\n  \
             cargo demo --folder {folder} --query \"FROM 'rejected' ORDER DESC LIMIT 5\""
        )
    }

    /// Events per second of about the last second.
    fn rate(&mut self, view: &View) -> u64 {
        self.recent
            .push_back((view.elapsed, view.figures.acknowledged));
        let window = Duration::from_millis(1_050);
        while self.recent.len() > 2 && view.elapsed.saturating_sub(self.recent[0].0) > window {
            self.recent.pop_front();
        }
        let (since, before) = self.recent[0];
        per_second(view.figures.acknowledged - before, view.elapsed - since)
    }

    fn line(&self, view: &View, rate: u64) -> String {
        let figures = &view.figures;
        format!(
            "{:>3} s  {:>7} events/s  parts {:>6}  rejects {:>4}  publish {}  delivery {}  {}",
            view.elapsed.as_secs_f64().round(),
            grouped(rate),
            grouped(figures.machines.iter().map(|tally| tally.parts).sum()),
            grouped(figures.machines.iter().map(|tally| tally.rejects).sum()),
            percentiles(&figures.publish),
            percentiles(&figures.delivery),
            megabytes(folder_bytes(&self.folder)),
        )
    }

    fn block(&self, view: &View, rate: u64) -> Vec<String> {
        let figures = &view.figures;
        let elapsed = view.elapsed.as_secs_f64().min(self.seconds as f64);
        let mut lines = vec![
            format!("  time      {elapsed:>8.1} s of {} s", self.seconds),
            format!(
                "  events    {:>8} /s {:>12} in all",
                grouped(rate),
                grouped(figures.acknowledged)
            ),
            format!(
                "  publish   {}   call until durable",
                percentiles(&figures.publish)
            ),
            format!(
                "  delivery  {}   stamped until in the dashboard",
                percentiles(&figures.delivery)
            ),
            format!("  folder    {:>11}", megabytes(folder_bytes(&self.folder))),
            String::new(),
            format!("  {:<16} {:>9} {:>9}", "machine", "parts", "rejects"),
        ];
        for (station, tally) in STATIONS.iter().zip(&figures.machines) {
            let (parts, rejects) = (grouped(tally.parts), grouped(tally.rejects));
            lines.push(format!("  {:<16} {parts:>9} {rejects:>9}", station.name));
        }
        lines.push(String::new());
        lines.push(format!(
            "  boxes filled, says the line app: {}",
            figures.boxes
        ));
        lines
    }

    /// Writes over the lines shown before.
    fn redraw(&mut self, lines: &[String]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.in_place && self.lines_shown > 0 {
            write!(out, "\x1b[{}A", self.lines_shown)?;
        }
        let clear = if self.in_place { "\x1b[K" } else { "" };
        for line in lines {
            writeln!(out, "{line}{clear}")?;
        }
        self.lines_shown = lines.len();
        out.flush()
    }
}

fn percentiles(latencies: &Latencies) -> String {
    let show = |percent| match latencies.percentile(percent) {
        Some(duration) => format!("{:.2}", duration.as_secs_f64() * 1e3),
        None => "-".to_owned(),
    };
    format!("p50 {:>6} ms  p99 {:>6} ms", show(50), show(99))
}

fn per_second(count: u64, elapsed: Duration) -> u64 {
    if elapsed.is_zero() {
        return 0;
    }
    (count as f64 / elapsed.as_secs_f64()).round() as u64
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// The sizes of all files below; what vanishes meanwhile counts nothing.
fn folder_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        let texts = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1 000", "1 234 567"]);
    }

    #[test]
    fn no_time_is_no_rate() {
        assert_eq!(per_second(5, Duration::ZERO), 0);
        assert_eq!(per_second(5, Duration::from_millis(500)), 10);
    }
}
