//! What kind of bytes a file name promises, for files that were stored without saying so.

/// The media type that goes with the ending of a name.
pub(crate) fn of_name(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    let known = KNOWN.iter().find(|(known, _)| *known == ending);
    known.map(|(_, media_type)| *media_type)
}

/// What is said of bytes of which nothing is known.
pub(crate) const UNKNOWN: &str = "application/octet-stream";

/// What web pages are made of, and what machines and offices make.
const KNOWN: &[(&str, &str)] = &[
    ("css", "text/css; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("gif", "image/gif"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("md", "text/markdown; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_counts_and_nothing_else() {
        assert_eq!(of_name("index.HTML"), Some("text/html; charset=utf-8"));
        assert_eq!(of_name("a.png.js"), Some("text/javascript; charset=utf-8"));
        for name in ["", "png", "a.unknown", "a."] {
            assert_eq!(of_name(name), None);
        }
    }
}
