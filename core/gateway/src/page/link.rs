//! The link by which a person gets to the page.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use swarmlet::{Error, ErrorKind, Result};

use super::person;
use crate::desk::Desk;

/// The page for people of a gateway; see [`Gateway::page`](crate::Gateway::page). Cheap to clone.
#[derive(Clone, Debug)]
pub struct Page {
    desk: Arc<Desk>,
    address: String,
}

/// A link to the page. Whoever has it can do what the page can, until it ends: give it to nobody
/// but the person who asked for it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageLink {
    /// What a browser on this machine is to open. The token in it is behind the `#`, so browsers
    /// send it nowhere.
    pub url: String,
    /// When it ends, in seconds since 1970-01-01 UTC; also if the node is restarted before.
    pub expires: u64,
}

impl Page {
    pub(crate) fn new(desk: Arc<Desk>, addresses: &[SocketAddr]) -> Self {
        Self {
            desk,
            address: reached_at(addresses),
        }
    }

    /// Makes a link, which is good for twelve hours.
    ///
    /// # Errors
    ///
    /// `internal` if a token cannot be written.
    pub fn link(&self) -> Result<PageLink> {
        let issued = person::issue(&self.desk).map_err(|_| {
            Error::new(ErrorKind::Internal, "a token cannot be made").during("gateway.page")
        })?;
        Ok(PageLink {
            url: format!("http://{}/#{}", self.address, issued.token),
            expires: issued.ends.as_secs(),
        })
    }
}

impl fmt::Debug for PageLink {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PageLink(..)")
    }
}

/// Where a browser on this machine finds what listens at these addresses.
///
/// `localhost` is both versions of IP, and whoever has the other one would get the link: so it is
/// written only if both are ours. Numbers of this machine are better than others, as nobody
/// reads along on the way.
fn reached_at(addresses: &[SocketAddr]) -> String {
    let mut ours = addresses.iter().map(|address| by_this_machine(*address));
    let local = ours.clone().find(|address| address.ip().is_loopback());
    let Some(local) = local else {
        return ours
            .next()
            .map(|address| address.to_string())
            .unwrap_or_default();
    };
    let has = |ip: IpAddr| {
        ours.clone()
            .any(|address| address == (ip, local.port()).into())
    };
    if has(Ipv4Addr::LOCALHOST.into()) && has(Ipv6Addr::LOCALHOST.into()) {
        return format!("localhost:{}", local.port());
    }
    local.to_string()
}

/// The number that this machine itself has where it listens at all of its own.
fn by_this_machine(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_leads_to_nobody_else() {
        for (addresses, expected) in [
            (&["127.0.0.1:4454", "[::1]:4454"][..], "localhost:4454"),
            (&["0.0.0.0:4454", "[::]:4454"], "localhost:4454"),
            (&["127.0.0.1:4454"], "127.0.0.1:4454"),
            (&["[::]:4454"], "[::1]:4454"),
            (&["127.0.0.1:4454", "[::1]:4455"], "127.0.0.1:4454"),
            (&["192.0.2.7:80", "127.0.0.1:4454"], "127.0.0.1:4454"),
            (&["192.0.2.7:80"], "192.0.2.7:80"),
        ] {
            let parsed: Vec<SocketAddr> = addresses.iter().map(|a| a.parse().unwrap()).collect();
            assert_eq!(reached_at(&parsed), expected, "{addresses:?}");
        }
    }
}
