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
use super::download::KEPT;
use crate::negotiation::JSON;
use crate::problem::Problem;

/// A folder, or one that is in it, that somebody has asked for.
#[derive(Clone, Copy)]
pub(super) struct Listing<'a> {
    pub(super) cid: Cid,
    pub(super) folder: &'a Collection,
    /// Which of the folders in it; empty for itself.
    pub(super) path: &'a str,
}

impl Listing<'_> {
    /// The files and folders in it.
    pub(super) fn json(self) -> Result<Response, Problem> {
        let child = |child: Child| {
            let cid = child.cid.to_string();
            json!({ "size": child.size, "name": child.name, "cid": cid })
        };
        let children: Vec<_> = self.children()?.into_iter().map(child).collect();
        let listing = json!({
            "directory": {
                "name": self.path.trim_end_matches('/'),
                "cid": self.cid.to_string(),
                "children": children,
            },
        });
        Ok(([(CONTENT_TYPE, JSON), BY_ACCEPT], listing.to_string()).into_response())
    }

    /// The files and folders in it, with links. Links keep the query, in which the token may be;
    /// an address that does not end with a slash leads to the one that does, as they would lead
    /// elsewhere from there.
    pub(super) fn html(self, asked: &Uri) -> Result<Response, Problem> {
        let children = self.children()?;
        let query = asked.query().map(|query| format!("?{query}"));
        let query = query.unwrap_or_default();
        if !asked.path().ends_with('/') {
            return Ok(moved(asked.path(), &query));
        }
        let rows: String = children.iter().map(|child| row(child, &query)).collect();
        let name = self.path.trim_end_matches('/');
        let title = format!("Files: {}", if name.is_empty() { "/" } else { name });
        let (title, cid) = (escaped(&title), self.cid);
        let page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<h1>{title}</h1>\n<p>{cid}</p>\n<table>\n\
             <tr><th>Name</th><th>Size</th><th>Cid</th></tr>\n{rows}</table>\n</html>\n"
        );
        Ok((HTML, page).into_response())
    }

    fn children(self) -> Result<Vec<Child>, Problem> {
        let children = children(self.folder, self.path);
        match children.is_empty() {
            true => Err(Problem::NotFound),
            false => Ok(children),
        }
    }
}

/// Sends a client to an address for good, with the status of the predecessor.
pub(super) fn sent_to(place: &str) -> Response {
    (StatusCode::MOVED_PERMANENTLY, [(LOCATION, place)]).into_response()
}

/// The address with a slash at its end, from where it is: the path here is not all of it.
fn moved(path: &str, query: &str) -> Response {
    let last = path.rsplit('/').next().unwrap_or_default();
    sent_to(&format!("./{last}/{query}"))
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
