//! Whose page sends a request.

use std::str::FromStr;

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;

use super::host::{HostName, is_local_name, name, number};

/// The origins whose pages may use a gateway, beside those that this machine serves itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    is_any: bool,
    these: Vec<String>,
}

/// What is to be done with a request, going by its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is from no page, or one that needs no permission.
    NoPage,
    /// It is from a page of this origin, which may see the answer.
    Allowed(String),
    Refused,
}

/// Origins of pages, as browsers send them, but for their letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PageOrigin {
    /// Each there is.
    Any,
    /// This one; `null` is that of files.
    This(String),
}

/// What no browser sends as an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoOrigin;

impl FromStr for PageOrigin {
    type Err = NoOrigin;

    /// A slash at the end, and the usual port, are left out: browsers do not send them.
    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let text = text.to_ascii_lowercase();
        if text == "null" {
            return Ok(Self::This(text));
        }
        let (scheme, rest) = text.split_once("://").ok_or(NoOrigin)?;
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let parsed: Authority = authority.parse().map_err(|_| NoOrigin)?;
        let host = name(&parsed).filter(|_| is_scheme).ok_or(NoOrigin)?;
        if number(host).is_none() && HostName::from_str(host).is_err() {
            return Err(NoOrigin);
        }
        let authority = match (scheme, parsed.port_u16()) {
            ("http", Some(80)) | ("https", Some(443)) => host,
            _ => authority,
        };
        Ok(Self::This(format!("{scheme}://{authority}")))
    }
}

impl Origins {
    /// Allows an origin, or all of them.
    pub(crate) fn add(&mut self, origin: PageOrigin) {
        match origin {
            PageOrigin::Any => self.is_any = true,
            PageOrigin::This(origin) => self.these.push(origin),
        }
    }

    pub(crate) fn judge(&self, headers: &HeaderMap) -> Verdict {
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else {
            return Verdict::NoPage;
        };
        let origin = origin.to_str().unwrap_or_default();
        let is_one = origins.next().is_none() && !origin.is_empty();
        match is_one && (self.has(origin) || is_same(origin, headers)) {
            true => Verdict::Allowed(origin.to_owned()),
            false => Verdict::Refused,
        }
    }

    /// Whether an origin was allowed.
    pub(crate) fn is_named(&self, origin: &str) -> bool {
        self.is_any || self.these.contains(&origin.to_ascii_lowercase())
    }

    fn has(&self, origin: &str) -> bool {
        self.is_named(origin) || is_local(&origin.to_ascii_lowercase())
    }
}

/// Whether a request comes from no page, or from one that we serve under the very name that it was
/// sent to.
pub(super) fn is_from_own_page(headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| is_same(origin, headers)),
        (Some(_), Some(_)) => false,
    }
}

/// Whether this machine serves the page. Those of files are looked at where they are served, as
/// other devices may have named them.
fn is_local(origin: &str) -> bool {
    let rest = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    let authority = rest.and_then(|rest| rest.parse::<Authority>().ok());
    authority.as_ref().and_then(name).is_some_and(|host| {
        is_local_name(host) || number(host).is_some_and(|address| address.is_loopback())
    })
}

/// Whether we serve the page: we are known by that name, which was looked at before.
fn is_same(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| origin.strip_prefix("http://") == Some(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(origins: &Origins, origin: &str) -> bool {
        let headers = HeaderMap::from_iter([
            (HOST, "edge-1:4454".parse().unwrap()),
            (ORIGIN, origin.parse().unwrap()),
        ]);
        match origins.judge(&headers) {
            Verdict::Allowed(allowed) => {
                assert_eq!(allowed, origin);
                true
            }
            Verdict::Refused => false,
            Verdict::NoPage => panic!("there is an origin"),
        }
    }

    #[test]
    fn pages_of_this_machine_and_our_own_are_let_in() {
        let origins = Origins::default();
        for origin in [
            "http://localhost:3000",
            "https://LOCALHOST",
            "http://x.actyx.localhost:4454",
            "http://127.0.0.1",
            "http://[::1]:8080",
            "http://edge-1:4454",
        ] {
            assert!(judge(&origins, origin), "{origin}");
        }
        for origin in [
            "",
            "null",
            "file://",
            "http://evil.example",
            concat!("http://", "192.168.1.7"),
            "http://localhost.evil.example",
            "http://localhost@evil.example",
            "http://edge-1",
            "https://edge-1:4454",
            "app://localhost",
        ] {
            assert!(!judge(&origins, origin), "{origin}");
        }
    }

    #[test]
    fn origins_can_be_allowed_by_name_or_all_of_them() {
        let mut origins = Origins::default();
        origins.add("https://App.example:443/".parse().unwrap());
        origins.add("null".parse().unwrap());
        assert!(judge(&origins, "https://app.example"));
        assert!(judge(&origins, "null"));
        assert!(!judge(&origins, "https://app.example:444"));
        origins.add(PageOrigin::Any);
        assert!(judge(&origins, "https://other.example"));
    }

    #[test]
    fn what_no_browser_sends_is_no_origin() {
        for text in [
            "",
            "app.example",
            "https://",
            "https:app.example",
            "https://app.example/shop",
            "https://app.example:port",
            "https://user@app.example",
            "https://*.example",
            "://app.example",
            "1://app.example",
            "http://[::1",
        ] {
            assert_eq!(text.parse::<PageOrigin>(), Err(NoOrigin), "{text}");
        }
        for (text, sent) in [
            ("http://App.example:80", "http://app.example"),
            ("https://app.example:80", "https://app.example:80"),
            ("app://localhost", "app://localhost"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("NULL", "null"),
        ] {
            assert_eq!(text.parse(), Ok(PageOrigin::This(sent.into())), "{text}");
        }
    }

    #[test]
    fn two_origins_are_none() {
        let mut origins = Origins::default();
        origins.add(PageOrigin::Any);
        let origin = |text: &str| (ORIGIN, text.parse().unwrap());
        let mut headers = HeaderMap::new();
        assert_eq!(origins.judge(&headers), Verdict::NoPage);
        for (name, value) in [origin("http://localhost"), origin("http://evil.example")] {
            headers.append(name, value);
        }
        assert_eq!(origins.judge(&headers), Verdict::Refused);
    }
}
