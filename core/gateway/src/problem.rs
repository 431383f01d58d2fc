//! What is answered instead of what was asked for: a status, a code and a text, as clients of the
//! predecessor know them.

use std::fmt::Display;

use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use swarmlet_aql::{Endpoint, Feature};

use crate::limits::MESSAGE_BYTES_MAX;
use crate::negotiation::JSON;

/// Why a request is not answered as asked.
#[derive(Debug)]
pub(crate) enum Problem {
    HostRefused,
    OriginRefused,
    NotFound,
    MethodNotAllowed,
    MissingAuthHeader,
    MissingTokenParam,
    UnsupportedAuthType(String),
    TokenInvalid {
        token: String,
        why: &'static str,
    },
    TokenUnauthorized,
    TokenExpired,
    ManifestInvalid(String),
    BadRequest(String),
    NotAcceptable {
        wanted: String,
        offered: &'static str,
    },
    UnsupportedMediaType,
    /// Of so many bytes, if it is known how many.
    PayloadTooLarge {
        size: Option<u64>,
        limit: usize,
    },
    RequestTimeout,
    Unavailable,
    NotOwn,
    NoRoom,
    /// This device may not do that, or a person asks for what it may not.
    NotPermitted(String),
    /// A person asks for what cannot be done as things are.
    Conflict(String),
    DiskFull,
    UnsupportedFeature(Feature, Endpoint),
    Overloaded,
    ShuttingDown,
    Internal,
}

impl Problem {
    /// A request that cannot be understood.
    pub(crate) fn invalid(why: impl Display) -> Self {
        Self::BadRequest(shortened(format!("Invalid request. {why}")))
    }

    fn parts(self) -> (StatusCode, &'static str, String) {
        use StatusCode as S;
        match self {
            Self::HostRefused => {
                let text = "This node is not known by that name.";
                (S::FORBIDDEN, "ERR_HOST_NOT_ALLOWED", text.into())
            }
            Self::OriginRefused => {
                let text = "Pages of this origin may not do that.";
                (S::FORBIDDEN, "ERR_ORIGIN_NOT_ALLOWED", text.into())
            }
            Self::NotFound => (S::NOT_FOUND, "ERR_NOT_FOUND", NOT_FOUND.into()),
            Self::MethodNotAllowed => {
                let text = "Method not supported.";
                (S::METHOD_NOT_ALLOWED, "ERR_METHOD_NOT_ALLOWED", text.into())
            }
            Self::MissingAuthHeader => {
                let text = "\"Authorization\" header is missing.";
                (S::UNAUTHORIZED, "ERR_MISSING_AUTH_HEADER", text.into())
            }
            Self::MissingTokenParam => {
                let text = "\"token\" parameter is missing.";
                (S::UNAUTHORIZED, "ERR_MISSING_TOKEN_PARAM", text.into())
            }
            Self::UnsupportedAuthType(scheme) => {
                let text = format!(
                    "Unsupported authentication type '{scheme}'. Only \"Bearer\" is supported."
                );
                (S::UNAUTHORIZED, "ERR_UNSUPPORTED_AUTH_TYPE", text)
            }
            Self::TokenInvalid { token, why } => {
                let text =
                    format!("Invalid token: '{token}'. {why} Please provide a valid bearer token.");
                (S::BAD_REQUEST, "ERR_TOKEN_INVALID", text)
            }
            Self::TokenUnauthorized => {
                let text = "Unauthorized token.";
                (S::UNAUTHORIZED, "ERR_TOKEN_UNAUTHORIZED", text.into())
            }
            Self::TokenExpired => {
                let text = "Expired token.";
                (S::UNAUTHORIZED, "ERR_TOKEN_EXPIRED", text.into())
            }
            Self::ManifestInvalid(why) => {
                let text = format!("Invalid manifest. {why}");
                (S::BAD_REQUEST, "ERR_MANIFEST_INVALID", text)
            }
            Self::BadRequest(text) => (S::BAD_REQUEST, "ERR_BAD_REQUEST", text),
            other => other.parts_of_content(),
        }
    }

    /// The last: what this device may not do, cannot do as things are, or fails to do.
    fn parts_of_device(self) -> (StatusCode, &'static str, String) {
        use StatusCode as S;
        match self {
            Self::NotPermitted(text) => (S::FORBIDDEN, "ERR_NOT_PERMITTED", text),
            Self::Conflict(text) => (S::CONFLICT, "ERR_CONFLICT", text),
            Self::DiskFull => {
                let code = "ERR_INSUFFICIENT_STORAGE";
                (S::INSUFFICIENT_STORAGE, code, DISK_FULL.into())
            }
            _ => {
                let text = "Internal server error.";
                (S::INTERNAL_SERVER_ERROR, "ERR_INTERNAL", text.into())
            }
        }
    }

    /// The others: not about who asks, but about what.
    fn parts_of_content(self) -> (StatusCode, &'static str, String) {
        use StatusCode as S;
        match self {
            Self::NotAcceptable { wanted, offered } => {
                let text = format!(
                    "Content with type '{wanted}' was requested but the resource is only capable \
                     of generating content of the following type(s): */*, {offered}."
                );
                (S::NOT_ACCEPTABLE, "ERR_NOT_ACCEPTABLE", text)
            }
            Self::UnsupportedMediaType => {
                let text = "The request's content-type is not supported.";
                let code = "ERR_UNSUPPORTED_MEDIA_TYPE";
                (S::UNSUPPORTED_MEDIA_TYPE, code, text.into())
            }
            Self::PayloadTooLarge { size, limit } => {
                let text = match size {
                    Some(size) => format!("Payload too large ({size} > {limit})."),
                    None => format!("Payload length unknown. Limit is {limit}"),
                };
                (S::PAYLOAD_TOO_LARGE, "ERR_PAYLOAD_TOO_LARGE", text)
            }
            Self::Unavailable => {
                let text = "No device that has it was reached in time.";
                (S::GATEWAY_TIMEOUT, "ERR_UNAVAILABLE", text.into())
            }
            Self::NotOwn => {
                let text = "Only the app itself may change what it keeps.";
                (S::FORBIDDEN, "ERR_APP_UNAUTHORIZED", text.into())
            }
            Self::NoRoom => {
                let text = "There is no room left for what apps keep.";
                (
                    S::INSUFFICIENT_STORAGE,
                    "ERR_INSUFFICIENT_STORAGE",
                    text.into(),
                )
            }
            Self::RequestTimeout => {
                let text = "The request took too long to arrive.";
                (S::REQUEST_TIMEOUT, "ERR_REQUEST_TIMEOUT", text.into())
            }
            Self::UnsupportedFeature(feature, endpoint) => {
                let text =
                    format!("Feature `{feature}` is not supported on endpoint `{endpoint}`.");
                (S::IM_A_TEAPOT, "ERR_UNSUPPORTED_FEATURE", text)
            }
            Self::Overloaded => {
                let text = format!("Service overloaded. {OVERLOADED}");
                (S::SERVICE_UNAVAILABLE, "ERR_SERVICE_OVERLOADED", text)
            }
            Self::ShuttingDown => {
                let text = "Service shutting down. The node was closed.";
                (S::SERVICE_UNAVAILABLE, "ERR_SHUTTING_DOWN", text.into())
            }
            other => other.parts_of_device(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // The rest of a body that was not read cannot be told from the next request.
        let is_cut = matches!(self, Self::PayloadTooLarge { .. } | Self::RequestTimeout);
        let (status, code, message) = self.parts();
        let body = json!({ "code": code, "message": message }).to_string();
        let mut response = (status, [(CONTENT_TYPE, JSON)], body).into_response();
        if is_cut {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        response
    }
}

/// As much of a text as a client is told: it may repeat what the client sent.
pub(crate) fn shortened(mut text: String) -> String {
    if text.len() > MESSAGE_BYTES_MAX {
        text.truncate(text.floor_char_boundary(MESSAGE_BYTES_MAX));
        text.shrink_to_fit();
        text.push_str(" ...");
    }
    text
}

/// Clients wait and repeat a request when they see this text.
pub(crate) const OVERLOADED: &str = "Channel towards event store is overloaded.";
pub(crate) const DISK_FULL: &str = "The disk of the device is full.";
const NOT_FOUND: &str = "The requested resource could not be found.";

/// How the body of an answer ends that cannot be finished: without a proper end, so that clients
/// do not take it for complete.
pub(crate) fn cut_off() -> std::io::Error {
    std::io::ErrorKind::ConnectionAborted.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_fails_to_do_has_a_state_and_a_code() {
        for (problem, state, code) in [
            (Problem::DiskFull, 507, "ERR_INSUFFICIENT_STORAGE"),
            (Problem::NoRoom, 507, "ERR_INSUFFICIENT_STORAGE"),
            (Problem::Unavailable, 504, "ERR_UNAVAILABLE"),
            (Problem::Internal, 500, "ERR_INTERNAL"),
            (Problem::Overloaded, 503, "ERR_SERVICE_OVERLOADED"),
            (Problem::ShuttingDown, 503, "ERR_SHUTTING_DOWN"),
        ] {
            let (status, known, _) = problem.parts();
            assert_eq!((status.as_u16(), known), (state, code));
        }
    }

    #[test]
    fn as_much_of_a_text_is_told_as_people_read() {
        let longest = "x".repeat(MESSAGE_BYTES_MAX);
        assert_eq!(shortened(longest.clone()), longest);
        let cut = shortened(format!("{}\u{f6}", &longest[1..]));
        assert_eq!(cut, format!("{} ...", &longest[1..]));
    }
}
