//! What an app says of itself.

use serde::Deserialize;
use swarmlet::AppId;

use crate::limits::LABEL_BYTES_MAX;
use crate::problem::Problem;

/// A manifest that entitles to a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) app_id: AppId,
    pub(crate) version: String,
}

/// A manifest as it is sent.
#[derive(Debug, Deserialize)]
#[serde(rename = "AppManifest", rename_all = "camelCase")]
pub(crate) struct Submitted {
    app_id: String,
    display_name: String,
    version: String,
    signature: Option<String>,
}

impl Manifest {
    /// Judges what was sent.
    pub(crate) fn of(sent: Submitted) -> Result<Self, Problem> {
        let app_id = AppId::new(&sent.app_id).map_err(|error| Problem::invalid(error.message()))?;
        for (name, label) in [
            ("displayName", &sent.display_name),
            ("version", &sent.version),
        ] {
            if label.is_empty() || label.len() > LABEL_BYTES_MAX {
                let text = format!("{name} must have 1 to {LABEL_BYTES_MAX} bytes");
                return Err(Problem::invalid(text));
            }
        }
        if sent.signature.is_some() {
            let why = "Signatures of manifests cannot be checked by this node.";
            return Err(Problem::ManifestInvalid(why.into()));
        }
        if !sent.app_id.starts_with(TRIAL) {
            let text = format!("Trial app id needs to start with '{TRIAL}'. Got '{app_id}'.");
            return Err(Problem::invalid(text));
        }
        Ok(Self {
            app_id,
            version: sent.version,
        })
    }
}

/// Apps that need no signature.
const TRIAL: &str = "com.example.";
