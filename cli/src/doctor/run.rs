//! The questions, one after the other.

use std::path::Path;

use super::finding::{Finding, Verdict};
use super::{clock, disk, folder, network, standing};
use crate::failure::{Failure, Result};
use crate::request::{Order, Query, Request};
use crate::settings::Settings;
use crate::show::{Column, Fields, Format, Layout, Printer, Shown};
use crate::{ask, service};

/// Looks at the device in `place` and at its machine, and prints what it finds. What is bad is an
/// error in the end.
pub(crate) async fn doctor(place: &Path, format: Format) -> Result<()> {
    let mut printer = Printer::new(format, true, Layout::Table(FINDINGS));
    let findings = examine(place).await?;
    for finding in &findings {
        printer.print(finding)?;
    }
    printer.close()?;
    let bad = |finding: &&Finding| finding.verdict == Verdict::Bad;
    match findings.iter().filter(bad).count() {
        0 => Ok(()),
        count => Err(Failure::unmet(format!(
            "{count} of {} checks are bad",
            findings.len()
        ))),
    }
}

async fn examine(place: &Path) -> Result<Vec<Finding>> {
    if !service::is_data_folder(place) {
        let found = format!("there is no device in {}", place.display());
        let advice = "name its folder with --folder or SWARMLET_FOLDER";
        return Ok(vec![
            Finding::bad("folder", found, advice),
            network::multicast(),
        ]);
    }
    let mut findings = vec![folder::permissions(place)];
    let settings = match Settings::load(place) {
        Ok(settings) => settings,
        Err(failure) => {
            findings.push(Finding::bad("settings", failure.message, &failure.advice));
            Settings::default()
        }
    };
    let status = one_row(place, Request::Status { wait: None }).await;
    let newest = one_row(place, Request::Query(newest())).await;
    let newest = newest.ok().flatten().map(|row| row.text("timestamp"));
    findings.push(clock::clock(newest.and_then(|micros| micros.parse().ok())));
    findings.push(disk::sync_speed(place));
    findings.push(disk::room(place));
    findings.push(network::multicast());
    match status {
        Ok(status) => {
            let listening = status.as_ref().map(|status| status.list("listening"));
            findings.push(network::ports(settings.listen(), listening.as_deref()));
            findings.push(network::gateway(&settings.gateway, status.as_ref()).await);
            findings.extend(standing::standing(status.as_ref()));
        }
        Err(failure) => findings.push(Finding::bad("node", failure.message, &failure.advice)),
    }
    Ok(findings)
}

/// What the node that runs answers, in one row; nothing if none runs.
async fn one_row(place: &Path, request: Request) -> Result<Option<Fields>> {
    match service::connect(place).await? {
        Some(stream) => ask::first_row(stream, request).await,
        None => Ok(None),
    }
}

fn newest() -> Query {
    Query {
        app: None,
        aql: "FROM allEvents LIMIT 1".to_owned(),
        parameters: Default::default(),
        order: Order::Desc,
        follow: false,
    }
}

const FINDINGS: &[Column] = &[
    Column::new("verdict", "VERDICT", Shown::Plain),
    Column::new("check", "CHECK", Shown::Plain),
    Column::new("found", "FOUND", Shown::Text),
    Column::new("advice", "TO DO", Shown::Text),
];
