//! The token in a request: in the address or in a header.

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use crate::problem::Problem;

/// The token that a request shows, as it stands there: nothing of it is decoded.
pub(crate) fn of_request(parts: &Parts) -> Result<&str, Problem> {
    if let Some(token) = parts.uri.query().and_then(of_parameter) {
        return Ok(token);
    }
    of_header(parts)
}

/// The token in the header of a request. Addresses are kept by browsers and written into logs.
pub(crate) fn of_header(parts: &Parts) -> Result<&str, Problem> {
    let header = parts.headers.get(AUTHORIZATION);
    let header = header.ok_or(Problem::MissingAuthHeader)?;
    let header = header.to_str().unwrap_or_default();
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if scheme == "Bearer" {
        Ok(token.trim())
    } else {
        Err(Problem::UnsupportedAuthType(scheme.to_owned()))
    }
}

/// The token in what stands behind the question mark: a parameter, or all of it, as clients of the
/// predecessor open sockets.
pub(crate) fn of_query(query: &str) -> &str {
    of_parameter(query).unwrap_or(query)
}

/// The token in a parameter of what stands behind the question mark, which goes before a header.
pub(crate) fn of_parameter(query: &str) -> Option<&str> {
    query
        .split('&')
        .find_map(|part| part.strip_prefix("access_token="))
}
