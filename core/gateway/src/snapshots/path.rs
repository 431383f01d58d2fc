//! Names of what apps keep.

use swarmlet::AppId;

use crate::limits::{SNAPSHOT_PATH_BYTES_MAX, SNAPSHOT_PATH_PARTS_MAX};

/// The place of something that an app keeps: its id, and names as they stand in the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotPath(String);

impl SnapshotPath {
    /// Understands what stands behind `/blob/`: an app id or `-` for the caller, and a path.
    pub(super) fn parse(text: &str, caller: &AppId) -> Option<(Self, bool)> {
        let (app, path) = text.split_once('/')?;
        let path = path.trim_end_matches('/');
        let app_id = match app {
            "-" => caller.clone(),
            app => AppId::new(app).ok()?,
        };
        let is_own = app_id == *caller;
        let parts = path.split('/');
        let is_legal = path.len() <= SNAPSHOT_PATH_BYTES_MAX
            && parts.clone().count() <= SNAPSHOT_PATH_PARTS_MAX
            && parts.clone().all(|part| !part.is_empty());
        is_legal.then(|| (Self(format!("{app_id}/{path}")), is_own))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// What the names of everything in this folder lie between.
    pub(super) fn inside(&self) -> (String, String) {
        // What follows the slash in the order of characters ends them.
        (format!("{}/", self.0), format!("{}0", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<(String, bool)> {
        let caller = AppId::new("com.example.app").unwrap();
        SnapshotPath::parse(text, &caller).map(|(path, is_own)| (path.0, is_own))
    }

    #[test]
    fn a_path_is_of_an_app() {
        let own = |path: &str| Some((format!("com.example.app/{path}"), true));
        assert_eq!(parse("-/@pond/snap"), own("@pond/snap"));
        assert_eq!(parse("com.example.app/a%2Fb/"), own("a%2Fb"));
        assert_eq!(
            parse("com.example.b/x"),
            Some(("com.example.b/x".into(), false))
        );
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let (long, deep) = ("x".repeat(1025), "x/".repeat(33));
        for text in [
            "",
            "-",
            "-/",
            "-//",
            "-/a//b",
            "No App/x",
            &format!("-/{long}"),
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&format!("-/{deep}")), None);
        assert!(parse(&format!("-/{}", "x".repeat(1024))).is_some());
        assert!(parse(&format!("-/{}", "x/".repeat(32))).is_some());
    }

    #[test]
    fn a_folder_holds_what_is_below_it() {
        let (path, _) = SnapshotPath::parse("-/a", &AppId::new("b").unwrap()).unwrap();
        let (from, to) = path.inside();
        let is_inside = |name: &str| (from.as_str()..to.as_str()).contains(&name);
        assert!(is_inside("b/a/x") && is_inside("b/a/x/y") && is_inside("b/a/~"));
        assert!(!is_inside("b/a") && !is_inside("b/ab") && !is_inside("b/a-x"));
    }
}
