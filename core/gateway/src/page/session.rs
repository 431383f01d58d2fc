//! `session`: whose page it is, and how it reaches events.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use swarmlet::report::MemberReport;

use super::person::Person;
use crate::auth::token::{self, Bearer, TokenUse};
use crate::background::in_background;
use crate::desk::Desk;
use crate::negotiation::json;
use crate::problem::Problem;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    node: String,
    /// What the device is called in its swarm.
    device: Option<String>,
    swarm: Option<String>,
    /// For the API, as that of any app. It ends with the session at the latest.
    app_token: String,
    /// When the session ends, in seconds since 1970.
    expires: u64,
    version: &'static str,
}

pub(super) async fn session(
    State(desk): State<Arc<Desk>>,
    person: Person,
) -> Result<Response, Problem> {
    let bearer = Bearer {
        app_id: &person.shown.app_id,
        app_version: env!("CARGO_PKG_VERSION"),
        valid: desk.settings.token_valid.min(person.shown.time_left()),
    };
    let issued = token::issue(&desk, TokenUse::App, bearer)?;
    let node = person.node.clone();
    let members = in_background(move || MemberReport::all_of(&node)).await;
    // Without a swarm there are none.
    let mut members = members.unwrap_or_default().into_iter();
    let own = members.find(|member| member.is_own);
    json(&Session {
        node: person.node.id().to_string(),
        device: own.map(|own| own.name),
        swarm: person.node.swarm().id().map(|swarm| swarm.to_string()),
        app_token: issued.token,
        expires: person.shown.ends.as_secs(),
        version: env!("CARGO_PKG_VERSION"),
    })
}
