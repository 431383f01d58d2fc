//! Where a node listens: protocol, address and port, and how libp2p writes the same.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol as Part;
use thiserror::Error;

/// What carries the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP, encrypted by noise, muxed by yamux.
    Tcp,
    /// QUIC over UDP.
    Quic,
}

/// A protocol, an address and a port.
///
/// Parses from `127.0.0.1:4001` (TCP), `tcp://127.0.0.1:4001` and `quic://[::1]:4001`, and displays
/// as the latter two. Host names are not resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// What carries the bytes.
    pub protocol: Protocol,
    /// The address; port 0 means any free one and is of use for listening only.
    pub address: SocketAddr,
}

/// A text is not an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// The part before `://` is neither `tcp` nor `quic`.
    #[error("unknown protocol in endpoint {text:?}, expected tcp or quic")]
    Protocol {
        /// The text as given.
        text: String,
    },
    /// The rest is not an address with a port.
    #[error("no address with a port in endpoint {text:?}")]
    Address {
        /// The text as given.
        text: String,
        /// What the parser of addresses said.
        source: std::net::AddrParseError,
    },
}

impl Endpoint {
    /// A TCP endpoint.
    pub const fn tcp(address: SocketAddr) -> Self {
        Self {
            protocol: Protocol::Tcp,
            address,
        }
    }

    /// A QUIC endpoint.
    pub const fn quic(address: SocketAddr) -> Self {
        Self {
            protocol: Protocol::Quic,
            address,
        }
    }

    /// Whether a node elsewhere could dial it: it has a port and a definite address.
    pub fn is_dialable(&self) -> bool {
        self.address.port() != 0 && !self.address.ip().is_unspecified()
    }

    pub(crate) fn to_multiaddr(self) -> Multiaddr {
        let address = Multiaddr::empty().with(match self.address.ip() {
            IpAddr::V4(ip) => Part::Ip4(ip),
            IpAddr::V6(ip) => Part::Ip6(ip),
        });
        let port = self.address.port();
        match self.protocol {
            Protocol::Tcp => address.with(Part::Tcp(port)),
            Protocol::Quic => address.with(Part::Udp(port)).with(Part::QuicV1),
        }
    }

    pub(crate) fn of(address: &Multiaddr) -> Option<Self> {
        let mut parts = address.iter();
        let ip = match parts.next()? {
            Part::Ip4(ip) => IpAddr::V4(ip),
            Part::Ip6(ip) => IpAddr::V6(ip),
            _ => return None,
        };
        match (parts.next()?, parts.next()) {
            (Part::Tcp(port), _) => Some(Self::tcp(SocketAddr::new(ip, port))),
            (Part::Udp(port), Some(Part::QuicV1)) => Some(Self::quic(SocketAddr::new(ip, port))),
            _ => None,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Quic => "quic",
        };
        write!(formatter, "{protocol}://{}", self.address)
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (protocol, rest) = match text.split_once("://") {
            None => (Protocol::Tcp, text),
            Some(("tcp", rest)) => (Protocol::Tcp, rest),
            Some(("quic", rest)) => (Protocol::Quic, rest),
            Some(_) => {
                return Err(EndpointError::Protocol {
                    text: text.to_owned(),
                });
            }
        };
        let address = rest.parse().map_err(|source| EndpointError::Address {
            text: text.to_owned(),
            source,
        })?;
        Ok(Self { protocol, address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_endpoint_are_the_same() {
        for text in ["tcp://127.0.0.1:4001", "quic://[::1]:4001", "quic://[::]:0"] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!(endpoint.to_string(), text);
            assert_eq!(Endpoint::of(&endpoint.to_multiaddr()), Some(endpoint));
        }
        assert_eq!(
            "[::1]:1".parse::<Endpoint>().unwrap().to_string(),
            "tcp://[::1]:1"
        );
    }

    #[test]
    fn wrong_text_is_refused_with_its_part() {
        let refused = |text: &str| text.parse::<Endpoint>().unwrap_err();
        assert!(matches!(
            refused("udp://127.0.0.1:5"),
            EndpointError::Protocol { .. }
        ));
        assert!(matches!(
            refused("127.0.0.1"),
            EndpointError::Address { .. }
        ));
        assert!(matches!(
            refused("quic://host:1"),
            EndpointError::Address { .. }
        ));
        assert!(matches!(refused(""), EndpointError::Address { .. }));
    }

    #[test]
    fn only_definite_addresses_are_dialable() {
        assert!("127.0.0.1:1".parse::<Endpoint>().unwrap().is_dialable());
        assert!(!"127.0.0.1:0".parse::<Endpoint>().unwrap().is_dialable());
        assert!(!"[::]:7".parse::<Endpoint>().unwrap().is_dialable());
    }
}
