//! The page for people: a link to it, from the gateway that shows it.

use serde::Serialize;
use swarmlet::ErrorKind;

use super::host::{Host, Standing};
use crate::failure::{Failure, Result};
use crate::wire::Link;

/// A link. Who has it can do what the page can.
#[derive(Serialize)]
struct LinkRow {
    url: String,
    /// When it ends, in seconds since 1970.
    expires: u64,
}

/// Gives a link to the page of the node that runs.
pub(super) async fn link(host: &Host, link: &mut Link) -> Result<()> {
    let page = host.page.as_ref().ok_or_else(|| no_page(host))?;
    let made = page.link()?;
    link.row(&LinkRow {
        url: made.url,
        expires: made.expires,
    })
    .await?;
    link.note("open it in a browser of this machine; it is good for 12 hours, for whoever has it")
        .await
}

/// Why there is none, and how there will be one.
fn no_page(host: &Host) -> Failure {
    let gateway = &host.settings.gateway;
    let (message, advice) = if host.standing == Standing::Command {
        let advice = "start it with `swarmlet run`, then repeat the command";
        (
            "the page is there while the node runs, and none runs here",
            advice,
        )
    } else if !gateway.is_enabled() {
        let advice = "`swarmlet settings set gateway.enabled true`, then start the node again";
        ("the gateway, which shows the page, is switched off", advice)
    } else if !gateway.has_page() {
        let advice = "`swarmlet settings set gateway.page true`, then start the node again";
        ("the page is switched off", advice)
    } else {
        let advice = "set gateway.listen to an address that is free, then start the node again";
        let message = "another program is at port 4454, so the node runs without a gateway";
        (message, advice)
    };
    Failure::new(ErrorKind::Unavailable, message).advise(advice)
}
