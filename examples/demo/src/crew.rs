//! The processes, as the parent holds them: started, asked, and ended with it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::present::Present;
use crate::talk::{Answer, Content, Order, Report, Role, Stored};

/// A process that is a device. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) role: Role,
    /// The identity of its node.
    pub(crate) node: String,
    /// Whether its folder was in a swarm when it was opened.
    pub(crate) is_member: bool,
    /// The number of the process.
    pub(crate) process: u32,
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    /// Starts this program again as a device, with addresses of others.
    pub(crate) async fn start(
        role: Role,
        folder: &Path,
        seed: u64,
        peers: &[String],
    ) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["device", role.name()])
            .arg(folder.join(role.name()))
            .arg(seed.to_string())
            .args(peers)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", role.name()))?;
        let orders = child.stdin.take().context("the input is piped")?;
        let output = child.stdout.take().context("the output is piped")?;
        let mut worker = Self {
            role,
            node: String::new(),
            is_member: false,
            process: child.id().unwrap_or_default(),
            child,
            orders,
            answers: BufReader::new(output).lines(),
        };
        match worker.answer().await? {
            Answer::Opened { node, is_member } => {
                (worker.node, worker.is_member) = (node, is_member);
            }
            other => bail!(worker.unexpected(&other)),
        }
        Ok(worker)
    }

    pub(crate) async fn invite(&mut self) -> Result<String> {
        match self.ask(&Order::Invite).await? {
            Answer::Invite(invite) => Ok(invite),
            other => bail!(self.unexpected(&other)),
        }
    }

    /// Joins by an invite, unless it is a member already; where it listens then.
    pub(crate) async fn join(&mut self, invite: String) -> Result<String> {
        let order = if self.is_member {
            Order::Address
        } else {
            Order::Join(invite)
        };
        self.listening(&order).await
    }

    pub(crate) async fn address(&mut self) -> Result<String> {
        self.listening(&Order::Address).await
    }

    async fn listening(&mut self, order: &Order) -> Result<String> {
        match self.ask(order).await? {
            Answer::Listening(address) => Ok(address),
            other => bail!(self.unexpected(&other)),
        }
    }

    pub(crate) async fn report(&mut self) -> Result<Report> {
        match self.ask(&Order::Tell).await? {
            Answer::Report(report) => Ok(*report),
            other => bail!(self.unexpected(&other)),
        }
    }

    async fn digest(&mut self) -> Result<(u64, u64)> {
        match self.ask(&Order::Compare).await? {
            Answer::Digest { events, digest } => Ok((events, digest)),
            other => bail!(self.unexpected(&other)),
        }
    }

    /// Has it store a picture of the floor.
    pub(crate) async fn share(&mut self) -> Result<Stored> {
        match self.ask(&Order::Share).await? {
            Answer::Stored(stored) => Ok(stored),
            other => bail!(self.unexpected(&other)),
        }
    }

    async fn read(&mut self, blob: &str, path: Option<PathBuf>) -> Result<Content> {
        let blob = blob.to_owned();
        match self.ask(&Order::Read { blob, path }).await? {
            Answer::Read(content) => Ok(content),
            other => bail!(self.unexpected(&other)),
        }
    }

    async fn order(&mut self, order: &Order) -> Result<()> {
        match self.ask(order).await? {
            Answer::Done => Ok(()),
            other => bail!(self.unexpected(&other)),
        }
    }

    async fn ask(&mut self, order: &Order) -> Result<Answer> {
        let mut line = serde_json::to_string(order)?;
        line.push('\n');
        // If it has ended, the answer says so better.
        let _ = self.orders.write_all(line.as_bytes()).await;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Answer> {
        let name = self.role.name();
        let line = tokio::time::timeout(ANSWER_MAX, self.answers.next_line()).await;
        let line = line.with_context(|| format!("{name} does not answer"))?;
        let Ok(Some(line)) = line else {
            let status = tokio::time::timeout(ANSWER_MAX, self.child.wait()).await;
            let status = status.with_context(|| format!("{name} does not end"))??;
            bail!("{name} ended before it was told to: {status}");
        };
        serde_json::from_str(&line).with_context(|| format!("{name} said: {line}"))
    }

    fn unexpected(&self, answer: &Answer) -> String {
        format!("{} answered out of turn: {answer:?}", self.role.name())
    }

    async fn close(&mut self) -> Result<()> {
        self.order(&Order::Close).await?;
        let status = self.child.wait().await?;
        if !status.success() {
            bail!("{} did not close: {status}", self.role.name());
        }
        Ok(())
    }
}

/// All three; the same is asked of them at the same time.
#[derive(Debug)]
pub(crate) struct Crew(pub(crate) [Worker; 3]);

impl Crew {
    pub(crate) async fn report(&mut self) -> Result<[Report; 3]> {
        let [office, line_1, line_2] = &mut self.0;
        let reports = tokio::try_join!(office.report(), line_1.report(), line_2.report())?;
        Ok(reports.into())
    }

    pub(crate) async fn follow(&mut self) -> Result<()> {
        self.order(&Order::Follow).await
    }

    pub(crate) async fn work(&mut self) -> Result<()> {
        self.order(&Order::Work).await
    }

    pub(crate) async fn stop(&mut self) -> Result<()> {
        self.order(&Order::Stop).await
    }

    pub(crate) async fn reach(&mut self, goal: &Present) -> Result<()> {
        self.order(&Order::Reach(goal.clone())).await
    }

    /// Those on the other side of the cut are not measured while it lasts.
    pub(crate) async fn disregard(&mut self, cut_off: Option<Role>) -> Result<()> {
        let nodes = |is_meant: &dyn Fn(Role) -> bool| {
            let meant = self.0.iter().filter(|worker| is_meant(worker.role));
            meant
                .map(|worker| worker.node.clone())
                .collect::<BTreeSet<_>>()
        };
        let orders = Role::ALL.map(|own| {
            let is_beyond =
                |other| cut_off.is_some_and(|cut_off| (own == cut_off) != (other == cut_off));
            Order::Disregard(nodes(&is_beyond))
        });
        let [office, line_1, line_2] = &mut self.0;
        let [for_office, for_line_1, for_line_2] = &orders;
        tokio::try_join!(
            office.order(for_office),
            line_1.order(for_line_1),
            line_2.order(for_line_2)
        )?;
        Ok(())
    }

    /// How many events were compared, and whether they are the same everywhere.
    pub(crate) async fn compare(&mut self) -> Result<(u64, bool)> {
        let [office, line_1, line_2] = &mut self.0;
        let digests = tokio::try_join!(office.digest(), line_1.digest(), line_2.digest())?;
        let (first, second, third) = digests;
        Ok((first.0, first == second && first == third))
    }

    /// A blob as each of them reads it; the last one saves it.
    pub(crate) async fn read(&mut self, blob: &str, path: PathBuf) -> Result<[Content; 3]> {
        let [office, line_1, line_2] = &mut self.0;
        let contents = tokio::try_join!(
            office.read(blob, None),
            line_1.read(blob, None),
            line_2.read(blob, Some(path))
        )?;
        Ok(contents.into())
    }

    /// Closes all nodes and waits until their processes have ended.
    pub(crate) async fn close(mut self) -> Result<()> {
        let [office, line_1, line_2] = &mut self.0;
        tokio::try_join!(office.close(), line_1.close(), line_2.close())?;
        Ok(())
    }

    async fn order(&mut self, order: &Order) -> Result<()> {
        let [office, line_1, line_2] = &mut self.0;
        tokio::try_join!(
            office.order(order),
            line_1.order(order),
            line_2.order(order)
        )?;
        Ok(())
    }
}

/// The slowest answer is that to an invite, which waits for the issuer for 30 seconds.
const ANSWER_MAX: Duration = Duration::from_secs(40);
