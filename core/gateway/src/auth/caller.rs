//! Who calls.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use swarmlet::Node;

use super::presented;
use super::token::{self, TokenUse};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::serving::Connection;

/// An app that has shown a good token.
#[derive(Debug)]
pub(crate) struct Caller {
    /// The node, in the name of the app.
    pub(crate) node: Node,
}

impl Caller {
    /// Whoever shows that token.
    pub(crate) fn by_token(
        token: &str,
        desk: &Desk,
        connection: &Connection,
    ) -> Result<Self, Problem> {
        let shown = token::check(desk, TokenUse::App, token)?;
        connection.make_known();
        Ok(Self {
            node: desk.node.scoped(shown.app_id),
        })
    }
}

impl FromRequestParts<Arc<Desk>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Problem> {
        // Every request comes over a connection.
        let connection = parts.extensions.get().ok_or(Problem::Internal)?;
        Self::by_token(presented::of_request(parts)?, desk, connection)
    }
}
