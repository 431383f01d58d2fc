//! Whether multicast works on this machine, and whether the ports of the settings can be had.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use swarmlet_gateway::Gateway;

use super::finding::Finding;
use crate::settings::GatewaySettings;
use crate::show::Fields;

const MULTICAST: &str = "multicast";
const PORTS: &str = "ports";
const GATEWAY: &str = "gateway";

/// Sends a datagram to a group of its own, and waits for it. What switches and access points
/// do with multicast only two machines can find out.
pub(super) fn multicast() -> Finding {
    let advice = "allow multicast for this machine (multicast DNS, UDP port 5353), or name \
                  addresses: `swarmlet settings set network.peers '[\"tcp://...\"]'`";
    match echo() {
        Ok(()) => Finding::good(MULTICAST, "this machine sends and receives it"),
        Err(error) => {
            let found = format!("this machine does not send and receive it: {error}");
            Finding::warning(MULTICAST, found, advice)
        }
    }
}

fn echo() -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.join_multicast_v4(&GROUP, &Ipv4Addr::UNSPECIFIED)?;
    socket.set_multicast_loop_v4(true)?;
    socket.set_multicast_ttl_v4(0)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let word = format!("swarmlet doctor {}", std::process::id());
    socket.send_to(word.as_bytes(), (GROUP, socket.local_addr()?.port()))?;
    let mut received = [0; 64];
    // Others may use the group, so some that come are not ours.
    for _ in 0..8 {
        let len = socket.recv(&mut received)?;
        if &received[..len] == word.as_bytes() {
            return Ok(());
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

/// Whether the addresses that the settings name are listened at by the node that runs, or, where
/// none runs, could be.
pub(super) fn ports(wanted: &[String], listening: Option<&[String]>) -> Finding {
    if wanted.is_empty() {
        let found = match listening {
            Some([]) => "the node uses no network",
            Some(_) => "free ports, as nothing else is set",
            None => "free ports, when a node runs",
        };
        return Finding::good(PORTS, found);
    }
    let fixed = wanted.iter().filter(|address| !address.ends_with(":0"));
    for address in fixed {
        let is_had = match listening {
            // In no swarm it does not listen yet.
            Some([]) => continue,
            Some(listening) => listening.iter().any(|one| port_of(one) == port_of(address)),
            None => match bind(address) {
                Err(error) => {
                    let found = format!("{address} cannot be had: {error}");
                    return Finding::bad(PORTS, found, OTHER);
                }
                Ok(()) => true,
            },
        };
        if !is_had {
            let found = format!("the node does not listen at {address}");
            return Finding::bad(PORTS, found, OTHER);
        }
    }
    Finding::good(PORTS, wanted.join(", "))
}

/// Whether apps find the node: the gateway of the one that runs is open, or, where none runs, could
/// be.
pub(super) async fn gateway(settings: &GatewaySettings, status: Option<&Fields>) -> Finding {
    let wanted = match settings.to_gateway() {
        Ok(wanted) => wanted,
        Err(failure) => return Finding::bad(GATEWAY, failure.message, &failure.advice),
    };
    if let Some(status) = status {
        let open = status.list("gateway");
        let fault = status.text("gatewayFault");
        return match (wanted, open.is_empty(), fault.is_empty()) {
            (Some(_), false, _) => Finding::good(GATEWAY, open.join(", ")),
            (Some(_), true, false) => Finding::warning(GATEWAY, fault, FREE),
            (Some(_), true, true) => Finding::warning(GATEWAY, "not open since it was set", START),
            (None, false, _) => {
                let found = format!("still open at {}, and switched off", open.join(", "));
                Finding::warning(GATEWAY, found, START)
            }
            (None, true, _) => Finding::good(GATEWAY, OFF),
        };
    }
    let Some(wanted) = wanted else {
        return Finding::good(GATEWAY, OFF);
    };
    match Gateway::probe(&wanted).await {
        Ok(()) => Finding::good(GATEWAY, "its addresses are free, for when a node runs"),
        // The node would not run.
        Err(error) if settings.has_address() => Finding::bad(GATEWAY, error.to_string(), FREE),
        Err(error) => Finding::warning(GATEWAY, error.to_string(), FREE),
    }
}

fn port_of(address: &str) -> Option<&str> {
    address.rsplit_once(':').map(|(_, port)| port)
}

fn bind(address: &str) -> io::Result<()> {
    let (protocol, socket) = address.split_once("://").unwrap_or(("tcp", address));
    let socket: SocketAddr = socket
        .parse()
        .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    match protocol {
        "quic" => UdpSocket::bind(socket).map(drop),
        _ => TcpListener::bind(socket).map(drop),
    }
}

const FREE: &str = "end the program that has the port, or set another address: `swarmlet settings \
                    set gateway.listen '[\"127.0.0.1:4455\"]'`; then start the node again";

const OFF: &str = "switched off (gateway.enabled)";

const START: &str = "start the node again: it was started with other settings";

const OTHER: &str = "end the program that has the port, or set another one: \
                     `swarmlet settings set network.listen`";

/// One of those that an organisation may use as it likes, and that no router passes on.
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 83, 119);

/// Far longer than a datagram needs within a machine.
const PATIENCE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_told() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("tcp://{}", taken.local_addr().unwrap());
        let wanted = [address.clone()];
        assert_eq!(ports(&wanted, None).verdict, Verdict::Bad);
        assert_eq!(ports(&wanted, Some(&wanted)).verdict, Verdict::Good);
        let other = ["tcp://127.0.0.1:1".to_owned()];
        assert_eq!(ports(&wanted, Some(&other)).verdict, Verdict::Bad);
        drop(taken);
        assert_eq!(ports(&wanted, None).verdict, Verdict::Good);
    }
}
