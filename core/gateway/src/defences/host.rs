//! The name under which a gateway is addressed.
//!
//! A page can make a name of its own mean this machine, so that the browser takes the gateway for
//! the page's server; it cannot do that with numbers, nor with `localhost`.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;

use crate::limits::{HOST_BYTES_MAX, HOST_PART_BYTES_MAX};

/// The names that a gateway has, beside those of this machine and numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts(Vec<HostName>);

/// A name as browsers send it, but for its letters: without port, and without a dot at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostName(String);

/// What is no name that a request could be addressed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoHost;

impl FromStr for HostName {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let is_part = |part: &str| {
            let mut bytes = part.bytes();
            !part.is_empty()
                && part.len() <= HOST_PART_BYTES_MAX
                && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let is_name = text.len() <= HOST_BYTES_MAX && text.split('.').all(is_part);
        let name = is_name.then(|| Self(text.to_ascii_lowercase()));
        name.ok_or(NoHost)
    }
}

impl Hosts {
    pub(crate) fn add(&mut self, name: HostName) {
        self.0.push(name);
    }

    /// Whether a request is addressed to us. Who names us twice has to be right twice.
    pub(crate) fn is_addressed(&self, parts: &Parts) -> bool {
        let mut headers = parts.headers.get_all(HOST).iter();
        let header = headers.next().and_then(|host| host.to_str().ok());
        let is_ours = |host: &str| host.parse().is_ok_and(|host: Authority| self.has(&host));
        header.is_some_and(is_ours)
            && headers.next().is_none()
            && parts
                .uri
                .authority()
                .is_none_or(|authority| self.has(authority))
    }

    fn has(&self, authority: &Authority) -> bool {
        let Some(host) = name(authority) else {
            return false;
        };
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let is_named = || self.0.iter().any(|name| name.0 == host);
        number(&host).is_some() || is_local_name(&host) || is_named()
    }
}

/// The name or number, if there is nothing else but a port.
pub(super) fn name(authority: &Authority) -> Option<&str> {
    let host = authority.host();
    let rest = authority.as_str().strip_prefix(host)?;
    let is_port = |rest: &str| {
        rest.strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok())
    };
    (rest.is_empty() || is_port(rest)).then_some(host)
}

/// Whether it is a name that means the machine on which it is used, everywhere.
pub(super) fn is_local_name(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

/// The address that stands there instead of a name.
pub(super) fn number(host: &str) -> Option<IpAddr> {
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn is_addressed(hosts: &Hosts, host: &str) -> bool {
        let request = Request::builder().header(HOST, host).body(()).unwrap();
        hosts.is_addressed(&request.into_parts().0)
    }

    #[test]
    fn numbers_and_names_of_this_machine_are_ours() {
        let hosts = Hosts::default();
        for host in [
            "localhost",
            "LOCALHOST:4454",
            "localhost.",
            "app.actyx.localhost:4454",
            "127.0.0.1:4454",
            "192.168.1.7",
            "[::1]:4454",
        ] {
            assert!(is_addressed(&hosts, host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "evillocalhost",
            "127.0.0.1.evil.example",
            "127.0.0.1@evil.example",
            "[::1].evil.example",
            "edge-1",
        ] {
            assert!(!is_addressed(&hosts, host), "{host}");
        }
    }

    #[test]
    fn further_names_can_be_given() {
        let mut hosts = Hosts::default();
        hosts.add("Edge-1.Plant.".parse().unwrap());
        assert!(is_addressed(&hosts, "edge-1.plant:4454"));
        assert!(!is_addressed(&hosts, "edge-2.plant"));
    }

    #[test]
    fn what_no_request_is_addressed_to_is_no_name() {
        let long = format!("{}.plant", "x".repeat(HOST_PART_BYTES_MAX + 1));
        for text in [
            "",
            ".",
            "edge-1:4454",
            "http://edge-1",
            "edge-1/",
            "edge..plant",
            "edge 1",
            "*.plant",
            "k\u{f6}ln.plant",
            &long,
            &"x.".repeat(128),
        ] {
            assert_eq!(text.parse::<HostName>(), Err(NoHost), "{text}");
        }
        for text in ["edge-1", "EDGE_1.plant.", "xn--kln-sna.plant", &long[1..]] {
            assert!(text.parse::<HostName>().is_ok(), "{text}");
        }
    }

    #[test]
    fn who_names_us_twice_has_to_be_right_twice() {
        let hosts = Hosts::default();
        let parts = |uri: &str, names: &[&str]| {
            let request = names
                .iter()
                .fold(Request::builder().uri(uri), |request, name| {
                    request.header(HOST, *name)
                });
            request.body(()).unwrap().into_parts().0
        };
        assert!(hosts.is_addressed(&parts("http://localhost/x", &["localhost"])));
        assert!(!hosts.is_addressed(&parts("http://evil.example/x", &["localhost"])));
        assert!(!hosts.is_addressed(&parts("http://localhost/x", &["evil.example"])));
        assert!(!hosts.is_addressed(&parts("/x", &["localhost", "evil.example"])));
        assert!(!hosts.is_addressed(&parts("/x", &[])));
    }
}
