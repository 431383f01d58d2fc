//! The name under which a gateway is addressed.
//!
//! A page can make a name of its own mean this machine, so that the browser takes the gateway for
//! the page's server; it cannot do that with numbers, nor with `localhost`.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;

/// The names that a gateway has, beside those of this machine and numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    pub(crate) fn add(&mut self, name: &str) {
        self.0.push(name.trim_end_matches('.').to_ascii_lowercase());
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
        number(&host).is_some() || is_local_name(&host) || self.0.contains(&host)
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
        hosts.add("Edge-1.Plant.");
        assert!(is_addressed(&hosts, "edge-1.plant:4454"));
        assert!(!is_addressed(&hosts, "edge-2.plant"));
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
