//! The numbers as text: updated in place on a terminal, a line each second elsewhere.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::crew::Worker;
use crate::floor::{CaughtUp, Cut, Mended};
use crate::latency::Percentiles;
use crate::machine::STATIONS;
use crate::present::{Lag, Present};
use crate::talk::{Report, Stored};

/// What is shown at one moment.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) elapsed: Duration,
    pub(crate) workers: &'a [Worker; 3],
    pub(crate) reports: &'a [Report; 3],
    pub(crate) lags: [Lag; 3],
    /// For how long the last device has been cut off, while it is.
    pub(crate) cut_for: Option<Duration>,
    pub(crate) cut: &'a Cut,
    /// What the office stored, once it has.
    pub(crate) picture: Option<&'a Stored>,
}

/// Where the numbers go.
#[derive(Debug)]
pub(crate) struct Screen {
    folder: PathBuf,
    seconds: u64,
    in_place: bool,
    lines_shown: usize,
    next_at: Duration,
    recent: VecDeque<(Duration, [u64; 3])>,
}

impl Screen {
    /// Says what is about to run.
    pub(crate) fn new(folder: &Path, seconds: u64) -> io::Result<Self> {
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "Swarmlet demo: {} machines on two lines and an office share a log and a picture, \
             {seconds} s.\n\
             Three processes; each event is on the disk, synced, before its publish returns.\n\n\
             The office founds a swarm and invites.",
            STATIONS.len()
        )?;
        Ok(Self {
            folder: folder.to_path_buf(),
            seconds,
            in_place: io::stdout().is_terminal(),
            lines_shown: 0,
            next_at: Duration::ZERO,
            recent: VecDeque::new(),
        })
    }

    /// Says that a device is in the swarm.
    pub(crate) fn joined(&self, worker: &Worker) -> io::Result<()> {
        let (name, process) = (worker.role.name(), worker.process);
        let how = match worker.is_member {
            true => "has been a member since an earlier run",
            false => "has joined by its invite",
        };
        writeln!(io::stdout().lock(), "{name} (process {process}) {how}.")
    }

    /// Shows the numbers of now, if it is time for that.
    pub(crate) fn update(&mut self, view: &View<'_>) -> io::Result<()> {
        let rates = self.rates(view);
        if view.elapsed < self.next_at {
            return Ok(());
        }
        if self.in_place {
            self.next_at = view.elapsed + Duration::from_millis(200);
            return self.redraw(&self.block(view, rates));
        }
        let is_first = self.next_at.is_zero();
        self.next_at += Duration::from_secs(1);
        if is_first {
            return writeln!(io::stdout().lock());
        }
        writeln!(io::stdout().lock(), "{}", line(view))
    }

    /// Shows the numbers of the whole run.
    pub(crate) fn finish(&mut self, view: &View<'_>) -> io::Result<()> {
        let published = view.reports.each_ref().map(|report| report.acknowledged);
        let rates = published.map(|count| per_second(count, view.elapsed));
        let block = self.block(view, rates);
        if !self.in_place {
            writeln!(io::stdout().lock())?;
        }
        self.redraw(&block)?;
        let mut out = io::stdout().lock();
        writeln!(out, "\n{}", latencies(view))?;
        if let (Some(mended), Some(caught_up)) = (view.cut.mended, view.cut.caught_up) {
            writeln!(out, "{}", story(mended, caught_up))?;
            if let Some(text) = story_of_picture(view, mended) {
                writeln!(out, "{text}")?;
            }
        }
        Ok(())
    }

    /// Says that all have the same events.
    pub(crate) fn equal(&self, present: &Present, compared: u64) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "All three logs are equal: {} events, the same offsets in {} streams; the newest {}\n\
             parts and boxes are the same in the same order.",
            grouped(present.events()),
            present.streams(),
            grouped(compared)
        )
    }

    /// Says that all have the same picture, and where it can be looked at.
    pub(crate) fn shared(&self, saved_as: &Path) -> io::Result<()> {
        writeln!(
            io::stdout().lock(),
            "The picture, read and hashed in each process, is the same in all three; line-2\n\
             saved it as {}.",
            saved_as.display()
        )
    }

    /// Says where the logs are, and how to ask for more.
    pub(crate) fn invite(&self) -> io::Result<()> {
        let folder = self.folder.display();
        writeln!(
            io::stdout().lock(),
            "\nThe logs are in {folder}. Run the demo again and it continues there. Ask them:\n  \
             cargo demo --folder {folder} --query \"FROM 'rejected' ORDER DESC LIMIT 5\""
        )
    }

    /// Events per second that each device published in about the last second.
    fn rates(&mut self, view: &View<'_>) -> [u64; 3] {
        let published = view.reports.each_ref().map(|report| report.acknowledged);
        self.recent.push_back((view.elapsed, published));
        let window = Duration::from_millis(1_050);
        while self.recent.len() > 2 && view.elapsed.saturating_sub(self.recent[0].0) > window {
            self.recent.pop_front();
        }
        let (since, before) = self.recent[0];
        let rate = |index| per_second(published[index] - before[index], view.elapsed - since);
        [rate(0), rate(1), rate(2)]
    }

    fn block(&self, view: &View<'_>, rates: [u64; 3]) -> Vec<String> {
        let elapsed = view.elapsed.as_secs_f64().min(self.seconds as f64);
        let mut lines = vec![
            format!("  {elapsed:.1} s of {} s   {}", self.seconds, cable(view)),
            String::new(),
            format!(
                "  {:<8}{:>10}{:>9}{:>9}{:>7}{:>9}{:>8}{:>9}{:>11}{:>15}",
                "device",
                "published",
                "/s",
                "disk MB",
                "peers",
                "lacks",
                "for",
                "knows of",
                "round trip",
                "publish p50/99"
            ),
        ];
        let devices = rates.iter().enumerate();
        lines.extend(devices.map(|(index, rate)| device(view, index, *rate)));
        lines.push(String::new());
        lines.push(format!(
            "  {:<16} {:>9} {:>9}   as the office sees it",
            "machine", "parts", "rejects"
        ));
        let office = &view.reports[0];
        for (station, tally) in STATIONS.iter().zip(&office.machines) {
            let (parts, rejects) = (grouped(tally.parts), grouped(tally.rejects));
            lines.push(format!("  {:<16} {parts:>9} {rejects:>9}", station.name));
        }
        lines.push(format!(
            "  boxes filled, says the line app: {}",
            office.boxes
        ));
        lines.push(picture(view));
        lines
    }

    /// Writes over the lines shown before.
    fn redraw(&mut self, lines: &[String]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match (self.in_place, self.lines_shown) {
            (true, 0) => writeln!(out)?,
            (true, shown) => write!(out, "\x1b[{shown}A")?,
            (false, _) => {}
        }
        let clear = if self.in_place { "\x1b[K" } else { "" };
        for line in lines {
            writeln!(out, "{line}{clear}")?;
        }
        self.lines_shown = lines.len();
        out.flush()
    }
}

/// One device in the block.
fn device(view: &View<'_>, index: usize, rate: u64) -> String {
    let (report, lag) = (&view.reports[index], view.lags[index]);
    let behind = report.peers.iter().map(|peer| peer.behind).max();
    let trip = report.peers.iter().filter_map(|peer| peer.round_trip).max();
    format!(
        "  {:<8}{:>10}{:>9}{:>9.1}{:>7}{:>9}{:>8}{:>9}{:>11}{:>15}",
        view.workers[index].role.name(),
        grouped(report.acknowledged),
        grouped(rate),
        report.disk_bytes as f64 / 1e6,
        report.peers.len(),
        grouped(lag.events),
        format!("{:.1} s", lag.time.as_secs_f64()),
        behind.map_or_else(|| "-".to_owned(), grouped),
        milliseconds(trip),
        both(report.publish),
    )
}

/// One line for everybody.
fn line(view: &View<'_>) -> String {
    let devices = view.workers.iter().zip(view.reports).zip(&view.lags);
    let devices = devices.map(|((worker, report), lag)| {
        format!(
            "{} {} ({} peers, lacks {}, {:.1} s)",
            worker.role.name(),
            grouped(report.present.events()),
            report.peers.len(),
            grouped(lag.events),
            lag.time.as_secs_f64()
        )
    });
    let devices: Vec<String> = devices.collect();
    let cut = if view.cut_for.is_some() { "  CUT" } else { "" };
    let seconds = view.elapsed.as_secs_f64().round();
    let picture = match view.picture {
        Some(_) => format!("  picture {}", shares(view).join(" ")),
        None => String::new(),
    };
    format!("{seconds:>3} s  {}{picture}{cut}", devices.join("  "))
}

/// How much of the picture each device has.
fn picture(view: &View<'_>) -> String {
    match view.picture {
        Some(stored) => format!(
            "  picture of the floor, {:.1} MB: {}",
            megabytes(stored),
            shares(view).join(", ")
        ),
        None => "  picture of the floor: not drawn yet".to_owned(),
    }
}

fn shares(view: &View<'_>) -> Vec<String> {
    let devices = view.workers.iter().zip(view.reports);
    let shares = devices.map(|(worker, report)| {
        let seen = report.picture.as_ref();
        let percent = seen.map_or(0, |picture| picture.percent);
        format!("{} {percent} %", worker.role.name())
    });
    shares.collect()
}

fn megabytes(stored: &Stored) -> f64 {
    stored.content.bytes as f64 / 1e6
}

fn cable(view: &View<'_>) -> String {
    let cut = view.cut;
    match (view.cut_for, cut.mended, cut.caught_up) {
        (Some(time), ..) => {
            let seconds = time.as_secs_f64();
            format!("line-2 has been CUT OFF for {seconds:.1} s and goes on")
        }
        (_, Some(_), None) => "line-2 is back and catches up".to_owned(),
        (_, _, Some(caught_up)) => {
            let seconds = caught_up.complete.as_secs_f64();
            format!("everybody had caught up {seconds:.2} s after the cut")
        }
        _ => "all are connected".to_owned(),
    }
}

/// How long events took from device to device.
fn latencies(view: &View<'_>) -> String {
    let mut text = "Latency, from the stamp of an event until a subscription of the other process \
                    has it,\nmeasured while both could reach each other:\n"
        .to_owned();
    for (author, reader) in [(1, 0), (2, 0), (0, 1), (2, 1), (0, 2), (1, 2)] {
        let heard = &view.reports[reader].heard;
        let Some(Percentiles { p50, p99 }) = heard.get(&view.workers[author].node) else {
            continue;
        };
        let (from, to) = (view.workers[author].role, view.workers[reader].role);
        text += &format!(
            "  {} to {}   p50 {:>9}   p99 {:>9}\n",
            from.name(),
            to.name(),
            milliseconds(*p50),
            milliseconds(*p99)
        );
    }
    text
}

/// What the cut did.
fn story(mended: Mended, caught_up: CaughtUp) -> String {
    let connected = match caught_up.connected {
        Some(time) => format!("was connected again after {:.2} s", time.as_secs_f64()),
        None => "had not noticed it".to_owned(),
    };
    format!(
        "line-2 was cut off for {:.1} s and went on: then it lacked {} events, and others {} of \
         its\nown. When the cable was mended it {connected}; after {:.2} s all had everything.",
        mended.lasted.as_secs_f64(),
        grouped(mended.lacked),
        grouped(mended.owed),
        caught_up.complete.as_secs_f64()
    )
}

/// Who had the picture when.
fn story_of_picture(view: &View<'_>, mended: Mended) -> Option<String> {
    let stored = view.picture?;
    let had_after = |index: usize, since: i64| {
        let whole_at = view.reports[index].picture.as_ref()?.whole_at?;
        let micros = u64::try_from(whole_at - since).unwrap_or(0);
        Some(Duration::from_micros(micros).as_secs_f64())
    };
    Some(format!(
        "Meanwhile the office stored a picture of the floor, {:.1} MB: line-1 had all of it after \
         {:.2} s,\nand line-2 {:.2} s after the cut.",
        megabytes(stored),
        had_after(1, stored.at)?,
        had_after(2, mended.at_micros)?
    ))
}

fn both(Percentiles { p50, p99 }: Percentiles) -> String {
    let Some((p50, p99)) = p50.zip(p99) else {
        return "-".to_owned();
    };
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    format!("{:.1}/{:.1} ms", milliseconds(p50), milliseconds(p99))
}

fn milliseconds(time: Option<Duration>) -> String {
    time.map_or_else(
        || "-".to_owned(),
        |time| format!("{:.2} ms", time.as_secs_f64() * 1e3),
    )
}

fn per_second(count: u64, elapsed: Duration) -> u64 {
    if elapsed.is_zero() {
        return 0;
    }
    (count as f64 / elapsed.as_secs_f64()).round() as u64
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
