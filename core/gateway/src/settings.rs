//! What the host program decides about a gateway.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use swarmlet::{Error, ErrorKind, Result};

use crate::auth::{Trust, parse_key};
use crate::defences::{Hosts, Origins};
use crate::limits::{TOKEN_VALID, TOKEN_VALID_MIN};
use crate::periods::Periods;

/// Where a gateway listens and for whom. The default is right for apps on the same machine.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) addresses: Addresses,
    pub(crate) token_valid: Duration,
    pub(crate) hosts: Hosts,
    pub(crate) origins: Origins,
    pub(crate) has_metrics: bool,
    pub(crate) has_page: bool,
    pub(crate) trust: Trust,
    pub(crate) periods: Periods,
}

/// Where to listen.
#[derive(Clone, Debug)]
pub(crate) enum Addresses {
    /// Port 4454 of this machine, in both versions of IP as far as the machine has them.
    Usual,
    /// All of these.
    These(Vec<SocketAddr>),
}

impl Settings {
    /// The default: port 4454 of this machine, tokens that are good for a day.
    #[must_use]
    pub fn new() -> Self {
        Self {
            addresses: Addresses::Usual,
            token_valid: TOKEN_VALID,
            hosts: Hosts::default(),
            origins: Origins::default(),
            has_metrics: true,
            has_page: false,
            trust: Trust::default(),
            periods: Periods::default(),
        }
    }

    /// Listens on this address instead of the default one; called again, on several. Port 0 is one
    /// that is free.
    ///
    /// There is no encryption: on an address that other machines reach, everybody on the network
    /// reads along, and whoever reaches it may publish.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        match &mut self.addresses {
            Addresses::Usual => self.addresses = Addresses::These(vec![address]),
            Addresses::These(addresses) => addresses.push(address),
        }
        self
    }

    /// A name by which others know this machine, without port. Requests under a name that is
    /// neither this, nor `localhost`, nor an address in numbers, are refused: a page of any site
    /// could have made it mean this machine.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for what is no such name.
    pub fn host(mut self, name: &str) -> Result<Self> {
        let parsed = name.parse().map_err(|_| {
            let text = "a host is a name without port, as `edge-1.plant`; what is not in English \
                        letters is written as browsers send it, with `xn--`";
            refused(text).with("host", name)
        })?;
        self.hosts.add(parsed);
        Ok(self)
    }

    /// Lets the pages of an origin in, such as `https://app.example`, or `null` for those from
    /// files; `*` lets in every page that somebody opens in a browser on this machine. Pages that
    /// this machine serves itself need no permission, programs that are no browsers neither.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for what is no origin.
    pub fn origin(mut self, origin: &str) -> Result<Self> {
        let parsed = origin.parse().map_err(|_| {
            let text = "an origin is a scheme and a host, as `https://app.example`, without a \
                        path; or `null`, or `*`";
            refused(text).with("origin", origin)
        })?;
        self.origins.add(parsed);
        Ok(self)
    }

    /// Lets an app in by its id, such as `com.acme.press`, or all below one, as `com.acme.*`. Apps
    /// `com.example.*` are let in by everybody, others with a signature only; see
    /// [`Settings::vendor`].
    ///
    /// # Errors
    ///
    /// `invalid_argument` for what is no id.
    pub fn app(mut self, pattern: &str) -> Result<Self> {
        let parsed = pattern.parse().map_err(|_| {
            refused("an app is let in by its id, or by the beginning of ids and `.*`")
                .with("pattern", pattern)
        })?;
        self.trust.apps.push(parsed);
        Ok(self)
    }

    /// Lets apps in whose manifests are signed by developers whom this vendor has certified. The
    /// key is a zero and 32 bytes in base64, as the tools of Actyx write it.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for what is no key.
    pub fn vendor(mut self, public_key: &str) -> Result<Self> {
        let key = parse_key(public_key)
            .ok_or_else(|| refused("a vendor's key is a zero and 32 bytes in base64"))?;
        self.trust.vendors.push(key);
        Ok(self)
    }

    /// How long a token is good: a day unless set. Clients ask for another when it is over. Parts
    /// of a second do not count.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for less than a second: every token would be over when it is used.
    pub fn token_valid(mut self, valid: Duration) -> Result<Self> {
        if valid < TOKEN_VALID_MIN {
            return Err(refused("a token is good for at least a second")
                .with("token_valid", format!("{valid:?}")));
        }
        self.token_valid = valid;
        Ok(self)
    }

    /// Whether there is `/metrics`, in the text format of Prometheus, for whoever reaches the
    /// gateway; there is unless set. It tells counts and times, and the beginnings of peers' ids.
    #[must_use]
    pub fn metrics(mut self, has_metrics: bool) -> Self {
        self.has_metrics = has_metrics;
        self
    }

    /// Whether there is a page for people at `/`, which shows the node and changes the swarm; there
    /// is none unless set. Only who has a link of [`Gateway::page`](crate::Gateway::page) can use
    /// it: the program has to hand that out to the right people.
    #[must_use]
    pub fn page(mut self, has_page: bool) -> Self {
        self.has_page = has_page;
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, message).during("gateway.settings")
}

/// The port of the predecessor, which clients try if they are not told another.
pub(crate) const PORT: u16 = 4454;

/// Where clients look that are not told otherwise: `localhost` is one or the other.
pub(crate) const USUAL: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), PORT),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), PORT),
];
