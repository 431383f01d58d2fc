//! The door for apps that are no nodes: HTTP and WebSocket.

use swarmlet::ErrorKind;
use swarmlet_gateway::Gateway;

use crate::answer::Host;
use crate::failure::{Failure, Result};

/// Opens the gateway, if there is to be one, and lets the host know its page. Where nobody has said
/// where it is to listen, and another program is there, the node runs without.
pub(crate) async fn open(host: &mut Host) -> Result<Option<Gateway>> {
    let Some(settings) = host.settings.gateway.to_gateway()? else {
        return Ok(None);
    };
    match Gateway::bind(host.node.clone(), settings).await {
        Ok(gateway) => {
            host.page = gateway.page();
            Ok(Some(gateway))
        }
        Err(error) if is_taken(&error) && !host.settings.gateway.has_address() => {
            tracing::warn!(
                %error,
                "there is no gateway for apps: set gateway.listen, or gateway.enabled to false"
            );
            Ok(None)
        }
        Err(error) => Err(Failure::from(error).advise(
            "see `swarmlet settings get gateway`; an address must be one of this machine, and free",
        )),
    }
}

fn is_taken(error: &swarmlet::Error) -> bool {
    error.kind() == ErrorKind::Network
}
