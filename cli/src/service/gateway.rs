//! The door for apps that are no nodes: HTTP and WebSocket.

use std::error::Error as _;
use std::io;

use swarmlet::ErrorKind;
use swarmlet_gateway::Gateway;

use crate::answer::{GatewayState, Host};
use crate::failure::{Failure, Result};

/// Opens the gateway, if there is to be one, and lets the host know of it. Where nobody has said
/// where it is to listen, and the usual place cannot be had, the node runs without.
pub(crate) async fn open(host: &mut Host) -> Result<Option<Gateway>> {
    let Some(settings) = host.settings.gateway.to_gateway()? else {
        return Ok(None);
    };
    match Gateway::bind(host.node.clone(), settings).await {
        Ok(gateway) => {
            let addresses = gateway.local_addrs().iter();
            host.gateway = GatewayState::Open {
                addresses: addresses.map(|one| format!("http://{one}")).collect(),
                page: gateway.page(),
            };
            Ok(Some(gateway))
        }
        Err(error) if is_refused(&error) && !host.settings.gateway.has_address() => {
            tracing::warn!(
                %error,
                "there is no gateway for apps: set gateway.listen, or gateway.enabled to false"
            );
            host.gateway = missing(&error);
            Ok(None)
        }
        Err(error) => Err(Failure::from(error).advise(
            "see `swarmlet settings get gateway`; an address must be one of this machine, and free",
        )),
    }
}

fn missing(error: &swarmlet::Error) -> GatewayState {
    GatewayState::Missing {
        is_taken: is_taken(error),
        reason: error.to_string(),
    }
}

/// Whether an address could not be listened at.
fn is_refused(error: &swarmlet::Error) -> bool {
    error.kind() == ErrorKind::Network
}

/// Whether that is because another program is there.
fn is_taken(error: &swarmlet::Error) -> bool {
    let source = error.source().and_then(|error| error.downcast_ref());
    source.is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::AddrInUse)
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener};

    use swarmlet_gateway::Settings;

    use super::*;

    #[tokio::test]
    async fn an_address_that_is_taken_and_one_that_is_refused_are_told_apart() {
        let there = TcpListener::bind("127.0.0.1:0").unwrap();
        // One of those that are given to nobody, for documents to show.
        let nobodys: SocketAddr = "192.0.2.1:4454".parse().unwrap();
        for (address, is_known) in [(there.local_addr().unwrap(), true), (nobodys, false)] {
            let settings = Settings::new().listen(address);
            let error = Gateway::probe(&settings).await.unwrap_err();
            assert!(is_refused(&error), "{error}");
            let GatewayState::Missing { is_taken, reason } = missing(&error) else {
                panic!("a gateway at {address}");
            };
            assert_eq!(is_taken, is_known, "{reason}");
            assert!(reason.contains(&address.to_string()), "{reason}");
        }
    }
}
