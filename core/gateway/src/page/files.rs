//! What the page is made of: the files in `core/gateway/page`, which are in the program.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::files::media;
use crate::negotiation::names_html;
use crate::problem::Problem;

/// One of the files.
struct PageFile {
    name: &'static str,
    bytes: &'static [u8],
}

macro_rules! page_files {
    ($($name:literal),* $(,)?) => {
        &[$(PageFile {
            name: $name,
            bytes: include_bytes!(concat!("../../page/", $name)),
        }),*]
    };
}

/// All of them. What kind each is says the ending of its name.
const FILES: &[PageFile] = page_files![
    "api.mjs",
    "blobs.mjs",
    "charts.mjs",
    "colours.css",
    "de.json",
    "dialog.mjs",
    "dom.mjs",
    "en.json",
    "eventrow.mjs",
    "explorer.mjs",
    "foreign.mjs",
    "icon.svg",
    "index.html",
    "invites.mjs",
    "json.mjs",
    "keyed.mjs",
    "live.mjs",
    "main.mjs",
    "members.mjs",
    "metrics.mjs",
    "names.mjs",
    "notice.mjs",
    "overview.mjs",
    "payload.mjs",
    "pending.mjs",
    "session.mjs",
    "state.mjs",
    "streams.mjs",
    "style.css",
    "swarm.mjs",
    "text.mjs",
    "topology.mjs",
];

/// The page itself.
const INDEX: &str = "index.html";

/// For browsers. Clients of the API are told that nothing is there, as by the predecessor.
pub(super) async fn index(headers: HeaderMap) -> Result<Response, Problem> {
    match names_html(&headers) {
        true => named(INDEX),
        false => Err(Problem::NotFound),
    }
}

pub(super) async fn file(name: Result<Path<String>, PathRejection>) -> Result<Response, Problem> {
    let Path(name) = name.map_err(|_| Problem::NotFound)?;
    named(&name)
}

fn named(name: &str) -> Result<Response, Problem> {
    let file = FILES.iter().find(|file| file.name == name);
    let file = file.ok_or(Problem::NotFound)?;
    let media_type = media::of_name(file.name).unwrap_or(media::UNKNOWN);
    Ok(([(CONTENT_TYPE, media_type)], file.bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path as FilePath;

    /// Browsers do not guess, as they are told not to.
    #[test]
    fn every_file_says_what_it_is() {
        assert!(FILES.iter().any(|file| file.name == INDEX));
        for file in FILES {
            assert!(media::of_name(file.name).is_some(), "{}", file.name);
        }
    }

    #[test]
    fn all_files_of_the_folder_are_in_the_program() {
        let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("page");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        let known: Vec<&str> = FILES.iter().map(|file| file.name).collect();
        assert_eq!(there, known);
    }
}
