//! The shop floor: starts the processes, cuts one of them off and lets it back, and checks that
//! everybody ends with the same log, and with the picture that the office stored meanwhile.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use swarmlet::{Clock as _, SystemClock};

use crate::crew::{Crew, Worker};
use crate::picture;
use crate::present::{History, Present};
use crate::relay::{Relay, Switch};
use crate::screen::{Screen, View};
use crate::talk::{Content, Report, Role, Stored};

/// A run of the floor.
#[derive(Debug)]
pub(crate) struct Floor {
    pub(crate) folder: PathBuf,
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
}

/// The processes, and the cables of the one that is cut off.
struct Plant {
    crew: Crew,
    switch: Switch,
    started: Instant,
    history: History,
    cut: Cut,
    picture: Option<Stored>,
    /// Where the last device saves it.
    saved_as: PathBuf,
    _relays: [Relay; 2],
}

/// The cut of the run: first none, then one, then one that is over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cut {
    began: Option<Duration>,
    pub(crate) mended: Option<Mended>,
    pub(crate) caught_up: Option<CaughtUp>,
}

/// What was so when the cable was mended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mended {
    pub(crate) lasted: Duration,
    /// What the device that was cut off lacked of the others, and the others of it.
    pub(crate) lacked: u64,
    pub(crate) owed: u64,
    pub(crate) at_micros: i64,
}

/// What followed, counted from when the cable was mended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CaughtUp {
    /// Until the device had a peer again; nothing if it noticed no cut.
    pub(crate) connected: Option<Duration>,
    /// Until each device had all that any device had at that moment.
    pub(crate) complete: Duration,
}

impl Floor {
    /// Runs the floor; fails if a process does, if the logs are not equal in the end, or if
    /// anything acknowledged did not come out everywhere.
    pub(crate) async fn run(&self) -> Result<()> {
        let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
        let mut screen = Screen::new(&self.folder, self.seconds)?;
        let mut plant = tokio::select! {
            started = Plant::start(self, &screen) => started?,
            _ = &mut interrupted => bail!("interrupted"),
        };
        while plant.started.elapsed() < Duration::from_secs(self.seconds) {
            let reports = plant.report().await?;
            plant.go_on(self.seconds, &reports).await?;
            screen.update(&plant.view(&reports))?;
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = &mut interrupted => break,
            }
        }
        let ran = plant.started.elapsed();
        tokio::select! {
            ended = plant.end(&mut screen, ran) => ended,
            // The one that ended the run is over; this one is another.
            _ = tokio::signal::ctrl_c() => bail!("interrupted before the logs were compared"),
        }
    }
}

impl Plant {
    /// Starts the processes one after the other, since each is told where the others are.
    async fn start(floor: &Floor, screen: &Screen) -> Result<Self> {
        let switch = Switch::new();
        let (to_office, to_line_2) = (Relay::start(&switch).await?, Relay::start(&switch).await?);
        let start = async |role, peers: &[String]| {
            Worker::start(role, &floor.folder, floor.seed, peers).await
        };
        let mut office = start(Role::Office, &[to_office.endpoint()]).await?;
        let address = office.address().await?;
        to_office.lead_to(&address)?;

        // The cables of line 2 are cut yet, so line 1 finds the office without them, and stays
        // with the connection that it has.
        let mut line_1 = start(Role::Line1, &[address, to_line_2.endpoint()]).await?;
        line_1.join(office.invite().await?).await?;
        let deadline = Instant::now() + MEET_MAX;
        while office.report().await?.peers.is_empty() {
            ensure!(Instant::now() < deadline, "{NOT_MET}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        screen.joined(&line_1)?;

        switch.mend();
        let mut line_2 = start(Role::Line2, &[to_office.endpoint()]).await?;
        to_line_2.lead_to(&line_2.join(office.invite().await?).await?)?;
        screen.joined(&line_2)?;

        let mut plant = Self {
            crew: Crew([office, line_1, line_2]),
            switch,
            started: Instant::now(),
            history: History::default(),
            cut: Cut::default(),
            picture: None,
            saved_as: floor.folder.join(picture::NAME),
            _relays: [to_office, to_line_2],
        };
        plant.meet().await?;
        plant.crew.follow().await?;
        plant.crew.work().await?;
        plant.started = Instant::now();
        Ok(plant)
    }

    /// Waits until all are connected with all, and have what earlier runs left.
    async fn meet(&mut self) -> Result<()> {
        let deadline = Instant::now() + MEET_MAX;
        loop {
            let reports = self.crew.report().await?;
            let have_met = reports.iter().all(|report| report.peers.len() == 2);
            if have_met && are_equal(&reports) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{NOT_MET}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn report(&mut self) -> Result<[Report; 3]> {
        let reports = self.crew.report().await?;
        let present = reports.iter().map(|report| &report.present);
        self.history.observe(self.started.elapsed(), present);
        Ok(reports)
    }

    /// Cuts the cable and mends it, when it is time for that.
    async fn go_on(&mut self, seconds: u64, reports: &[Report; 3]) -> Result<()> {
        let now = self.started.elapsed();
        let third = (Duration::from_secs(seconds) / 3).min(CUT_MAX);
        match (self.cut.began, self.cut.mended) {
            (None, _) if now >= third => {
                self.crew.disregard(Some(CUT_OFF)).await?;
                self.switch.cut();
                self.cut.began = Some(self.started.elapsed());
                Ok(())
            }
            (Some(began), None) if self.picture.is_none() && now >= began + third / 4 => {
                self.share().await
            }
            (Some(began), None) if now >= began + third => self.mend(began, reports).await,
            _ => self.catch_up(reports).await,
        }
    }

    /// Has the office store a picture of the floor.
    async fn share(&mut self) -> Result<()> {
        let [office, ..] = &mut self.crew.0;
        self.picture = Some(office.share().await?);
        Ok(())
    }

    /// Notes when everybody has caught up after the cut.
    async fn catch_up(&mut self, reports: &[Report; 3]) -> Result<()> {
        let Some(mended) = self.cut.mended.filter(|_| self.cut.caught_up.is_none()) else {
            return Ok(());
        };
        self.cut.caught_up = mended.caught_up(reports);
        if self.cut.caught_up.is_some() {
            self.crew.disregard(None).await?;
        }
        Ok(())
    }

    async fn mend(&mut self, began: Duration, reports: &[Report; 3]) -> Result<()> {
        let all = self.history.all().clone();
        self.crew.reach(&all).await?;
        let [office, line_1, line_2] = reports.each_ref().map(|report| &report.present);
        let mended = Mended {
            lasted: self.started.elapsed() - began,
            lacked: line_2.lacking(&all),
            owed: office.lacking(&all).max(line_1.lacking(&all)),
            at_micros: SystemClock.now().micros(),
        };
        self.switch.mend();
        self.cut.mended = Some(mended);
        Ok(())
    }

    /// Ends the run: everybody gets everything, the logs are compared, the nodes closed.
    async fn end(mut self, screen: &mut Screen, ran: Duration) -> Result<()> {
        let reports = self.report().await?;
        if let (Some(began), None) = (self.cut.began, self.cut.mended) {
            if self.picture.is_none() {
                self.share().await?;
            }
            self.mend(began, &reports).await?;
        }
        self.crew.stop().await?;
        let reports = self.settle().await?;
        let mut view = self.view(&reports);
        view.elapsed = ran;
        screen.finish(&view)?;
        let (compared, are_same) = self.crew.compare().await?;
        ensure!(
            are_same,
            "the newest {compared} events are not the same everywhere"
        );
        for report in &reports {
            ensure!(
                report.incidents.is_empty(),
                "incidents: {:?}",
                report.incidents
            );
        }
        screen.equal(&reports[0].present, compared)?;
        self.compare_pictures(screen).await?;
        screen.invite()?;
        self.crew.close().await
    }

    /// All devices must read the very bytes that the office drew.
    async fn compare_pictures(&mut self, screen: &Screen) -> Result<()> {
        let Some(stored) = &self.picture else {
            return Ok(());
        };
        let read = self.crew.read(&stored.blob, self.saved_as.clone()).await?;
        if let Some(difference) = difference_of_pictures(&stored.content, &read) {
            bail!(difference);
        }
        Ok(screen.shared(&self.saved_as)?)
    }

    /// Waits until all have everything, and all subscriptions have given it out.
    async fn settle(&mut self) -> Result<[Report; 3]> {
        let deadline = Instant::now() + SETTLE_MAX;
        loop {
            let reports = self.report().await?;
            self.catch_up(&reports).await?;
            let is_cut_over = self.cut.mended.is_none() || self.cut.caught_up.is_some();
            let is_shared = self
                .picture
                .as_ref()
                .is_none_or(|stored| have(&reports, stored));
            if is_cut_over && is_shared && are_equal(&reports) && are_delivered(&reports) {
                return Ok(reports);
            }
            if Instant::now() > deadline {
                bail!(difference(&reports, self.history.all()));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn view<'a>(&'a self, reports: &'a [Report; 3]) -> View<'a> {
        let now = self.started.elapsed();
        let is_cut = self.cut.began.is_some() && self.cut.mended.is_none();
        View {
            elapsed: now,
            workers: &self.crew.0,
            reports,
            lags: reports
                .each_ref()
                .map(|report| self.history.lag(&report.present, now)),
            cut_for: self.cut.began.filter(|_| is_cut).map(|began| now - began),
            cut: &self.cut,
            picture: self.picture.as_ref(),
        }
    }
}

impl Mended {
    /// What followed, if everything has arrived by now.
    fn caught_up(self, reports: &[Report; 3]) -> Option<CaughtUp> {
        let since = |micros: i64| {
            let micros = u64::try_from(micros - self.at_micros);
            Duration::from_micros(micros.unwrap_or(0))
        };
        let reached = reports.iter().map(|report| report.reached_at);
        let last = reached.collect::<Option<Vec<_>>>()?.into_iter().max()?;
        let connected = reports[2].connected_at;
        Some(CaughtUp {
            connected: connected.filter(|at| *at > self.at_micros).map(since),
            complete: since(last),
        })
    }
}

fn are_equal(reports: &[Report; 3]) -> bool {
    let [office, line_1, line_2] = reports;
    office.present == line_1.present && office.present == line_2.present
}

/// Whether every acknowledged event of the run has come out of the subscription of each device,
/// and every packed part of that of the line app.
fn are_delivered(reports: &[Report; 3]) -> bool {
    let acknowledged: u64 = reports.iter().map(|report| report.acknowledged).sum();
    let mut delivered = reports.iter().map(|report| report.delivered);
    let packing = reports[0].machines.last().map(|tally| tally.parts);
    delivered.all(|delivered| delivered == acknowledged) && Some(reports[0].packed) == packing
}

/// Whether each device has all of the picture.
fn have(reports: &[Report; 3], stored: &Stored) -> bool {
    let mut pictures = reports.iter().map(|report| report.picture.as_ref());
    pictures.all(|picture| {
        picture.is_some_and(|seen| seen.blob == stored.blob && seen.whole_at.is_some())
    })
}

/// Which device has other bytes than were drawn, if one has.
fn difference_of_pictures(drawn: &Content, read: &[Content; 3]) -> Option<String> {
    let mut devices = Role::ALL.iter().zip(read);
    let (role, other) = devices.find(|(_, content)| *content != drawn)?;
    let name = role.name();
    Some(format!(
        "the picture is another one on {name}: {other:?} instead of {drawn:?}"
    ))
}

/// Why the run is not over.
fn difference(reports: &[Report; 3], all: &Present) -> String {
    let acknowledged: u64 = reports.iter().map(|report| report.acknowledged).sum();
    let devices = Role::ALL.iter().zip(reports).map(|(role, report)| {
        let (name, lacks) = (role.name(), report.present.lacking(all));
        let delivered = report.delivered;
        let picture = report.picture.as_ref().map_or(0, |picture| picture.percent);
        format!(
            "{name} lacks {lacks} events, was given {delivered} of {acknowledged}, and has \
             {picture} % of the picture"
        )
    });
    let devices: Vec<String> = devices.collect();
    format!("the devices did not become equal: {}", devices.join("; "))
}

/// Who is cut off.
const CUT_OFF: Role = Role::Line2;
/// The cut begins and ends by thirds of the run, if that is not longer.
const CUT_MAX: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(100);
const MEET_MAX: Duration = Duration::from_secs(30);
const NOT_MET: &str = "the devices did not meet; are their folders of one swarm?";
const SETTLE_MAX: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_device_with_other_bytes_is_named() {
        let content = |bytes, hash: &str| Content {
            bytes,
            hash: hash.to_owned(),
        };
        let drawn = content(4, "a");
        let read = |last| [drawn.clone(), drawn.clone(), last];
        assert_eq!(difference_of_pictures(&drawn, &read(drawn.clone())), None);
        for other in [content(4, "b"), content(3, "a")] {
            let difference = difference_of_pictures(&drawn, &read(other)).unwrap();
            assert!(difference.contains("on line-2"), "{difference}");
        }
    }
}
