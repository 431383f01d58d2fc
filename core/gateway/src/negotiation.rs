//! Which type of content a client accepts and which one it sends, as the predecessor looked at it:
//! parameters such as `q=` are part of the text.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::problem::Problem;

pub(crate) const JSON: &str = "application/json";
pub(crate) const NDJSON: &str = "application/x-ndjson";
pub(crate) const TEXT: &str = "text/plain";

/// Refuses a client that does not accept the only type there is.
pub(crate) fn check_accept(headers: &HeaderMap, offered: &'static str) -> Result<(), Problem> {
    let Some(accept) = headers.get(ACCEPT) else {
        return Ok(());
    };
    let accept = String::from_utf8_lossy(accept.as_bytes());
    let is_offered = |part: &str| {
        let part = part.trim();
        part == "*/*" || part.eq_ignore_ascii_case(offered)
    };
    if accept.split(',').any(is_offered) {
        return Ok(());
    }
    Err(Problem::NotAcceptable {
        wanted: accept.into_owned(),
        offered,
    })
}

/// Whether a client asks for HTML by its name, as browsers do.
pub(crate) fn names_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).map(|accept| accept.as_bytes());
    let accept = String::from_utf8_lossy(accept.unwrap_or_default());
    let essence = |part: &str| part.split(';').next().unwrap_or_default().trim().to_owned();
    accept
        .split(',')
        .any(|part| essence(part).eq_ignore_ascii_case("text/html"))
}

/// Refuses a body that says it is something else than JSON.
pub(crate) fn check_json(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(content_type) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let content_type = content_type.to_str().unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(JSON) {
        Ok(())
    } else {
        Err(Problem::UnsupportedMediaType)
    }
}

/// An answer in JSON.
pub(crate) fn json(answer: &impl Serialize) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, JSON)], json_bytes(answer)?).into_response())
}

/// The text of such an answer.
pub(crate) fn json_bytes(answer: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(answer).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        Problem::Internal
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: axum::http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn one_of_the_accepted_types_has_to_fit() {
        for accept in ["*/*", "application/json", "text/html, Application/JSON"] {
            assert!(
                check_accept(&headers(ACCEPT, accept), JSON).is_ok(),
                "{accept}"
            );
        }
        for accept in ["", "text/html", "application/json;q=0.9"] {
            assert!(
                check_accept(&headers(ACCEPT, accept), JSON).is_err(),
                "{accept}"
            );
        }
        assert!(check_accept(&HeaderMap::new(), JSON).is_ok());
    }

    #[test]
    fn browsers_name_what_they_show() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert!(names_html(&headers(ACCEPT, browser)));
        assert!(names_html(&headers(ACCEPT, "*/*, Text/HTML;q=0.1")));
        for accept in ["", "*/*", "application/json", "text/plain"] {
            assert!(!names_html(&headers(ACCEPT, accept)), "{accept}");
        }
        assert!(!names_html(&HeaderMap::new()));
    }

    #[test]
    fn a_body_is_json_unless_it_says_otherwise() {
        for content_type in ["application/json", "APPLICATION/JSON; charset=utf-8"] {
            assert!(check_json(&headers(CONTENT_TYPE, content_type)).is_ok());
        }
        for content_type in ["", "text/plain", "application/jsonp"] {
            assert!(check_json(&headers(CONTENT_TYPE, content_type)).is_err());
        }
        assert!(check_json(&HeaderMap::new()).is_ok());
    }
}
