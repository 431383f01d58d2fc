//! Which apps get tokens.

use std::str::FromStr;

use data_encoding::BASE64;
use swarmlet::{AppId, NodeId};

/// What the host program said about apps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    /// Who may say which developer may sign for which apps.
    pub(crate) vendors: Vec<NodeId>,
    /// Apps that need no signature.
    pub(crate) apps: Vec<AppPattern>,
}

/// An app id, or the ids of all apps that begin with it: `com.acme.press`, `com.acme.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppPattern {
    id: AppId,
    has_others: bool,
}

/// What is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoPattern;

impl FromStr for AppPattern {
    type Err = NoPattern;

    fn from_str(text: &str) -> Result<Self, NoPattern> {
        let (id, has_others) = match text.strip_suffix(".*") {
            Some(id) => (id, true),
            None => (text, false),
        };
        let id = AppId::new(id).map_err(|_| NoPattern)?;
        Ok(Self { id, has_others })
    }
}

impl AppPattern {
    pub(super) fn has(&self, app_id: &AppId) -> bool {
        if !self.has_others {
            return self.id == *app_id;
        }
        let rest = app_id.as_str().strip_prefix(self.id.as_str());
        rest.is_some_and(|rest| rest.starts_with('.'))
    }
}

/// A public key as the predecessor wrote it: a zero, and 32 bytes in base64.
pub(crate) fn parse_key(text: &str) -> Option<NodeId> {
    let bytes = BASE64.decode(text.strip_prefix('0')?.as_bytes()).ok()?;
    Some(NodeId::from_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_an_app_or_all_below() {
        let has = |pattern: &str, app: &str| {
            pattern
                .parse::<AppPattern>()
                .unwrap()
                .has(&AppId::new(app).unwrap())
        };
        assert!(has("com.acme.press", "com.acme.press"));
        assert!(!has("com.acme.press", "com.acme.press.x"));
        assert!(has("com.acme.*", "com.acme.press.x"));
        assert!(!has("com.acme.*", "com.acme"));
        assert!(!has("com.acme.*", "com.acmecorp.press"));
        for text in ["", "*", ".*", "com.*.x", "Com.acme"] {
            assert_eq!(text.parse::<AppPattern>(), Err(NoPattern), "{text}");
        }
    }

    #[test]
    fn a_key_has_32_bytes() {
        assert!(parse_key("075i62XGQJuXjv6nnLQyJzECZhF29acYvYeEOJ3kc5M8=").is_some());
        for text in [
            "",
            "0",
            "75i62XGQJuXjv6nnLQyJzECZhF29acYvYeEOJ3kc5M8=",
            "0AAAA",
        ] {
            assert!(parse_key(text).is_none(), "{text}");
        }
    }
}
