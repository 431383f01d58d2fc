//! Which request is answered by what.

use std::path::PathBuf;
use std::sync::Mutex;

use swarmlet::{AppId, Node};
use swarmlet_gateway::Page;

use super::{blobs, events, export, import, offsets, page, settings, status, subscribe, swarm};
use crate::failure::Result;
use crate::request::Request;
use crate::settings::Settings;
use crate::wire::Link;

/// The node that answers.
pub(crate) struct Host {
    /// The node.
    pub(crate) node: Node,
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// What it was opened with.
    pub(crate) settings: Settings,
    /// For how long it is open.
    pub(crate) standing: Standing,
    /// Where apps and people find it.
    pub(crate) gateway: GatewayState,
    /// Held while the settings in the folder are changed.
    pub(crate) changing: Mutex<()>,
    /// Held by an import that looks for what is in the log.
    pub(crate) importing: tokio::sync::Mutex<()>,
}

/// The gateway of a node, as far as commands are told of it.
#[derive(Default)]
pub(crate) enum GatewayState {
    /// There is to be none, or it is not open yet.
    #[default]
    Off,
    /// It is open.
    Open {
        /// Where apps find it.
        addresses: Vec<String>,
        /// The page for people, if there is one.
        page: Option<Page>,
    },
    /// There is none, as it could not listen where clients look first, and nobody has said where
    /// else.
    Missing {
        /// Whether another program is there.
        is_taken: bool,
        /// Why it could not.
        reason: String,
    },
}

/// For how long a node is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Until it is told to stop.
    Service,
    /// For one command.
    Command,
}

impl Host {
    /// A handle for the app that asks: the one that was named, that of the settings, or our own.
    pub(super) fn node_of(&self, app: Option<&str>) -> Result<Node> {
        let app = app.or(self.settings.app.as_deref()).unwrap_or(APP_DEFAULT);
        Ok(self.node.scoped(AppId::new(app)?))
    }
}

impl GatewayState {
    /// Where apps find it; nowhere if there is none.
    pub(crate) fn addresses(&self) -> &[String] {
        match self {
            Self::Open { addresses, .. } => addresses,
            Self::Off | Self::Missing { .. } => &[],
        }
    }

    /// The page for people, if there is one.
    pub(crate) fn page(&self) -> Option<&Page> {
        match self {
            Self::Open { page, .. } => page.as_ref(),
            Self::Off | Self::Missing { .. } => None,
        }
    }

    /// Why there is none, if there was to be one.
    pub(crate) fn fault(&self) -> Option<&str> {
        match self {
            Self::Missing { reason, .. } => Some(reason),
            Self::Off | Self::Open { .. } => None,
        }
    }
}

/// Answers a request; the link comes back, for its end.
pub(crate) async fn answer(host: &Host, request: Request, mut link: Link) -> (Link, Result<()>) {
    let outcome = act(host, request, &mut link).await;
    (link, outcome)
}

async fn act(host: &Host, request: Request, link: &mut Link) -> Result<()> {
    match request {
        Request::Status { wait } => status::status(host, wait, link).await,
        Request::Peers => status::peers(host, link).await,
        Request::Offsets => offsets::offsets(host, link).await,
        Request::Publish(publish) => events::publish(host, publish, link).await,
        Request::Query(query) => events::query(host, query, link).await,
        Request::Explain(query) => events::explain(host, query, link).await,
        Request::Subscribe(wanted) => subscribe::subscribe(host, wanted, link).await,
        Request::Export { aql } => export::export(host, &aql, link).await,
        Request::Import { skip } => import::import(host, skip, link).await,
        Request::Swarm(request) => swarm::act(host, request, link).await,
        Request::Blobs(request) => blobs::act(host, request, link).await,
        Request::Page => page::link(host, link).await,
        Request::SettingsGet { path } => settings::show(host, path.as_deref(), link).await,
        Request::SettingsSet { path, value } => settings::set(host, &path, &value, link).await,
    }
}

/// In whose name the command publishes.
const APP_DEFAULT: &str = "swarmlet.command";
