//! What is in a folder: as JSON for programs, and as HTML for who asks for that, as browsers do.
//!
//! Names were given by somebody else: they are escaped.

use std::borrow::Cow;

use axum::http::header::{CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY, VARY};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use percent_encoding::utf8_percent_encode;
use serde_json::json;
use swarmlet::Collection;

use super::children::{Child, children};
use super::cid::{Cid, Kind};
use super::download::{KEPT, Reader};
use crate::auth;
use crate::background::in_background;
use crate::desk::Desk;
use crate::events::Refusal;
use crate::negotiation::JSON;
use crate::problem::Problem;

/// A folder, or one that is in it, that somebody has asked for.
pub(super) struct Listing {
    pub(super) cid: Cid,
    pub(super) folder: Collection,
    /// Which of the folders in it; empty for itself.
    pub(super) path: String,
}

/// What it is answered with.
enum Answer {
    Json(String),
    Html(String),
    /// Where it is.
    Moved(String),
    /// There is no such folder.
    Nothing,
}

impl Listing {
    /// The files and folders in it, once there is room for them. What is written is held in a turn,
    /// also if nobody waits for it any more.
    pub(super) async fn respond(self, desk: &Desk, reader: Reader) -> Result<Response, Problem> {
        let Reader {
            outflow, browsed, ..
        } = reader;
        let turn = desk.reads.clone().acquire_owned().await;
        let written = in_background(move || Ok((self.answer(browsed.as_ref()), turn))).await;
        let (answer, _turn) = written.map_err(Refusal::from)?;
        let housed = async |text: String| {
            let room = outflow.draw(text.len()).await;
            room.house(text.into_bytes())
        };
        match answer {
            Answer::Json(text) => Ok((JSON_BY_ACCEPT, housed(text).await).into_response()),
            Answer::Html(text) => Ok((HTML, housed(text).await).into_response()),
            Answer::Moved(place) => Ok(sent_to(&place)),
            Answer::Nothing => Err(Problem::NotFound),
        }
    }

    /// An address that does not end with a slash leads to the one that does, as links would lead
    /// elsewhere from there.
    fn answer(&self, browsed: Option<&Uri>) -> Answer {
        let children = children(&self.folder, &self.path);
        match browsed {
            _ if children.is_empty() => Answer::Nothing,
            Some(asked) if !asked.path().ends_with('/') => Answer::Moved(moved(asked)),
            Some(asked) => Answer::Html(self.html(&children, &kept(asked))),
            None => Answer::Json(self.json(&children)),
        }
    }

    fn json(&self, children: &[Child]) -> String {
        let child = |child: &Child| {
            let cid = child.cid.to_string();
            json!({ "size": child.size, "name": child.name, "cid": cid })
        };
        let children: Vec<_> = children.iter().map(child).collect();
        let listing = json!({
            "directory": {
                "name": self.path.trim_end_matches('/'),
                "cid": self.cid.to_string(),
                "children": children,
            },
        });
        listing.to_string()
    }

    fn html(&self, children: &[Child], query: &str) -> String {
        let rows: String = children.iter().map(|child| row(child, query)).collect();
        let name = self.path.trim_end_matches('/');
        let title = format!("Files: {}", if name.is_empty() { "/" } else { name });
        let (title, cid) = (escaped(&title), self.cid);
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<h1>{title}</h1>\n<p>{cid}</p>\n<table>\n\
             <tr><th>Name</th><th>Size</th><th>Cid</th></tr>\n{rows}</table>\n</html>\n"
        )
    }
}

/// Sends a client to an address for good, with the status of the predecessor.
pub(super) fn sent_to(place: &str) -> Response {
    (StatusCode::MOVED_PERMANENTLY, [(LOCATION, place)]).into_response()
}

/// The address with a slash at its end, from where it is: the path here is not all of it.
fn moved(asked: &Uri) -> String {
    let last = asked.path().rsplit('/').next().unwrap_or_default();
    format!("./{last}/{}", kept(asked))
}

/// What links keep of the query: the token. It is in each of thousands of rows, and clients may
/// write there whatever they like.
fn kept(asked: &Uri) -> String {
    let token = asked.query().and_then(auth::of_parameter);
    token.map_or_else(String::new, |token| format!("?access_token={token}"))
}

/// A file, or a folder.
fn row(child: &Child, query: &str) -> String {
    let slash = match child.cid.kind {
        Kind::File => "",
        Kind::Folder => "/",
    };
    let link = format!("./{}{slash}{query}", utf8_percent_encode(&child.name, KEPT));
    format!(
        "<tr><td><a href=\"{}\">{}{slash}</a></td><td>{}</td><td>{}</td></tr>\n",
        escaped(&link),
        escaped(&child.name),
        child.size,
        child.cid
    )
}

/// Text as HTML, also between quotation marks.
fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text.into();
    }
    let escape = |letter: char| match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect::<String>().into()
}

/// What is answered depends on what is accepted.
const BY_ACCEPT: (HeaderName, &str) = (VARY, "Accept");

const JSON_BY_ACCEPT: [(HeaderName, &str); 2] = [(CONTENT_TYPE, JSON), BY_ACCEPT];

/// No other site learns the address with the token.
const HTML: [(HeaderName, &str); 3] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (REFERRER_POLICY, "no-referrer"),
    BY_ACCEPT,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_html_means_something_by_is_only_text() {
        assert_eq!(escaped("a b\u{e4}"), "a b\u{e4}");
        assert_eq!(
            escaped("<a href='x' title=\"y\">&"),
            "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;"
        );
    }
}
