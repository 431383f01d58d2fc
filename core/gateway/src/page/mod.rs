//! The page for people: what a browser shows of the node, and what a person does there.
//!
//! Everybody on the machine reaches the gateway, so the page's own calls need a token that the
//! command hands out to whom the folder belongs. What can be done with it is what the command can
//! do in the swarm; the page has events from the API, as an app.
//!
//! `link` is how a person gets there, `person` who shows a good token, `files` what the page
//! is made of. `session`, `state`, `swarm` and `blobs` answer its calls; `measures` are the
//! numbers in it, `refusal` what is said when the node refuses. `headers` keep the browser to what
//! the page needs.

mod blobs;
mod files;
mod headers;
mod link;
mod measures;
mod person;
mod refusal;
mod routes;
mod session;
mod state;
mod swarm;

pub use link::{Page, PageLink};
pub(crate) use routes::routes;
