//! Who calls from the page.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use swarmlet::{AppId, Error, Node};

use crate::auth::of_header;
use crate::auth::token::{self, Bearer, Issued, Shown, TokenUse};
use crate::desk::Desk;
use crate::limits::PERSON_TOKEN_VALID;
use crate::problem::Problem;
use crate::serving::Connection;

/// A person who has shown a good token.
#[derive(Debug)]
pub(super) struct Person {
    /// The node, in the name of the page.
    pub(super) node: Node,
    pub(super) shown: Shown,
}

impl FromRequestParts<Arc<Desk>> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Problem> {
        let text = of_header(parts)?;
        let shown =
            token::check(desk, TokenUse::Person, text).map_err(|problem| match problem {
                // Of whatever is no good token the page knows the same way out: asking for a link.
                Problem::TokenInvalid { .. } => Problem::TokenUnauthorized,
                other => other,
            })?;
        // Every request comes over a connection.
        let connection: &Connection = parts.extensions.get().ok_or(Problem::Internal)?;
        connection.make_known();
        Ok(Self {
            node: desk.node.scoped(shown.app_id.clone()),
            shown,
        })
    }
}

/// Makes a token for a person.
pub(super) fn issue(desk: &Desk) -> Result<Issued, Problem> {
    let bearer = Bearer {
        app_id: &page_app().map_err(|_| Problem::Internal)?,
        app_version: env!("CARGO_PKG_VERSION"),
        valid: PERSON_TOKEN_VALID,
    };
    token::issue(desk, TokenUse::Person, bearer)
}

/// In whose name a person does something on the page.
fn page_app() -> Result<AppId, Error> {
    AppId::new("com.swarmlet.page")
}
