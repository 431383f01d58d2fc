//! The page for people: a link to it, from the gateway that shows it.

use serde::Serialize;
use swarmlet::ErrorKind;

use super::host::{GatewayState, Host, Standing};
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
    let page = host.gateway.page().ok_or_else(|| no_page(host))?;
    let made = page.link()?;
    link.row(&LinkRow {
        url: made.url,
        expires: made.expires,
    })
    .await?;
    link.note("open it in a browser of this machine; it is good for 12 hours, for whoever has it")
        .await
}

/// Why there is none, and how there will be one. What the settings say comes first: a node that is
/// started would say the same.
fn no_page(host: &Host) -> Failure {
    let gateway = &host.settings.gateway;
    let start = match host.standing {
        Standing::Command => "start the node with `swarmlet run`",
        Standing::Service => "start the node again",
    };
    let setting = |name| format!("`swarmlet settings set gateway.{name} true`, then {start}");
    let (message, advice) = if !gateway.is_enabled() {
        let message = "the gateway, which shows the page, is switched off (gateway.enabled)";
        (message, setting("enabled"))
    } else if !gateway.has_page() {
        ("the page is switched off (gateway.page)", setting("page"))
    } else if host.standing == Standing::Command {
        let message = "the page is there while the node runs, and none runs here";
        (message, format!("{start}, then repeat the command"))
    } else {
        let advice = format!("set gateway.listen to an address that is free, then {start}");
        return unavailable(no_gateway(&host.gateway), advice);
    };
    unavailable(message, advice)
}

/// Why a node runs without a gateway that it was to have.
fn no_gateway(gateway: &GatewayState) -> String {
    match gateway {
        GatewayState::Missing { is_taken: true, .. } => {
            "another program is at port 4454, so the node runs without a gateway".to_owned()
        }
        _ => {
            let reason = gateway.fault().unwrap_or("it was not opened");
            format!("the node runs without a gateway: {reason}")
        }
    }
}

fn unavailable(message: impl Into<String>, advice: String) -> Failure {
    Failure::new(ErrorKind::Unavailable, message).advise(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_program_is_blamed_only_where_there_is_one() {
        let missing = |is_taken| GatewayState::Missing {
            is_taken,
            reason: "permission denied".to_owned(),
        };
        assert!(no_gateway(&missing(true)).starts_with("another program is at port 4454"));
        let refused = no_gateway(&missing(false));
        assert!(
            refused.ends_with("permission denied") && !refused.contains("another"),
            "{refused}"
        );
    }
}
