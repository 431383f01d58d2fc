//! What an app says of itself.

use serde::Deserialize;
use swarmlet::AppId;

use super::signature::ManifestSignature;
use super::trust::Trust;
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
    pub(super) app_id: String,
    pub(super) display_name: String,
    pub(super) version: String,
    pub(super) signature: Option<String>,
}

impl Manifest {
    /// Judges what was sent. An app that was let in by its id needs no signature.
    pub(crate) fn of(submitted: Submitted, trust: &Trust) -> Result<Self, Problem> {
        let app_id = AppId::new(&submitted.app_id);
        let app_id = app_id.map_err(|error| Problem::invalid(error.message()))?;
        let labels = [
            ("displayName", &submitted.display_name),
            ("version", &submitted.version),
        ];
        for (name, label) in labels {
            if label.is_empty() || label.len() > LABEL_BYTES_MAX {
                let text = format!("{name} must have 1 to {LABEL_BYTES_MAX} bytes");
                return Err(Problem::invalid(text));
            }
        }
        let is_let_in = trust.apps.iter().any(|pattern| pattern.has(&app_id));
        match &submitted.signature {
            _ if is_let_in => {}
            Some(signature) => {
                let signature = ManifestSignature::parse(signature);
                signature
                    .and_then(|signature| signature.check(&submitted, &app_id, &trust.vendors))
                    .map_err(Problem::ManifestInvalid)?;
            }
            None if app_id.as_str().starts_with(TRIAL) => {}
            None => {
                let text = format!("Trial app id needs to start with '{TRIAL}'. Got '{app_id}'.");
                return Err(Problem::invalid(text));
            }
        }
        Ok(Self {
            app_id,
            version: submitted.version,
        })
    }
}

/// Apps that need no signature.
const TRIAL: &str = "com.example.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::trust::parse_key;

    /// A manifest that the predecessor's tools signed, for a vendor whose keys are for tests.
    const SIGNATURE: &str = "v2tzaWdfdmVyc2lvbgBtZGV2X3NpZ25hdHVyZXhYWWNuNmlpWXllcFBKeEN6L3hE\
        Y3JkQklHcGlxYVRkQVBaakVuRnIzL2xBdGgzaXRzNU9PaTFORjU4M2xFcTJuSVJw\
        OWtIZ1BFSTViTFNPQlFxN2lNQkE9PWlkZXZQdWJrZXl4LTBzaUdHN0dYSGpGaG5o\
        Rldya3RiaVZ2Vjgyb1dxTUVzdDBiOVVjWjZYRWd3PWphcHBEb21haW5zgWtjb20u\
        YWN0eXguKmtheFNpZ25hdHVyZXhYekpYa0VkL1BnWjdkcEUzZDVDc0JSaWJHVjBR\
        cE9ZcEhHa3dmV1JEVFNuclk1d25tWDN6YnhMNjA1TkdjK3huTnpKeHoyamp3N1VF\
        emNPTlBrRXN0Q3c9Pf8=";

    fn submitted() -> Submitted {
        Submitted {
            app_id: "com.actyx.test-app".into(),
            display_name: "display name".into(),
            version: "version 0".into(),
            signature: Some(SIGNATURE.into()),
        }
    }

    fn trust() -> Trust {
        let vendor = parse_key("075i62XGQJuXjv6nnLQyJzECZhF29acYvYeEOJ3kc5M8=").unwrap();
        Trust {
            vendors: vec![vendor],
            apps: Vec::new(),
        }
    }

    fn refused(submitted: Submitted, trust: &Trust) -> String {
        match Manifest::of(submitted, trust).unwrap_err() {
            Problem::ManifestInvalid(text) | Problem::BadRequest(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_manifest_that_the_predecessors_tools_signed_is_good() {
        let manifest = Manifest::of(submitted(), &trust()).unwrap();
        assert_eq!(manifest.app_id.as_str(), "com.actyx.test-app");
    }

    #[test]
    fn what_was_changed_after_signing_is_found() {
        let forged = "Failed to validate app manifest. Invalid signature for provided input.";
        let mut changed = submitted();
        changed.version = "version 1".into();
        assert_eq!(refused(changed, &trust()), forged);
        let mut changed = submitted();
        changed.app_id = "com.actyx.other".into();
        assert_eq!(refused(changed, &trust()), forged);
        let mut changed = submitted();
        changed.app_id = "com.other.app".into();
        assert!(refused(changed, &trust()).contains("is not allowed in app_domains 'com.actyx.*'"));
    }

    #[test]
    fn a_developer_whom_nobody_trusts_is_refused() {
        let text =
            "Failed to validate developer certificate. Invalid signature for provided input.";
        assert_eq!(refused(submitted(), &Trust::default()), text);
        let mut other = trust();
        other.vendors[0] = swarmlet::NodeId::from_bytes([7; 32]);
        assert_eq!(refused(submitted(), &other), text);
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        for signature in ["", "garbage", "v/8=", "oA==", "gA==", "n5+fn5+f", "AAAA"] {
            let mut garbage = submitted();
            garbage.signature = Some(signature.into());
            assert!(!refused(garbage, &trust()).is_empty());
        }
        let deep =
            data_encoding::BASE64.encode(&[&[0xa1, 0x61, b'x'][..], &[0x81; 40_000]].concat());
        let mut nested = submitted();
        nested.signature = Some(deep);
        assert!(refused(nested, &trust()).starts_with("The signature cannot be read"));
    }

    #[test]
    fn an_app_that_was_let_in_needs_no_signature() {
        let mut trust = Trust::default();
        trust.apps.push("com.actyx.*".parse().unwrap());
        assert!(Manifest::of(submitted(), &trust).is_ok());
        let mut unsigned = submitted();
        unsigned.signature = None;
        assert!(Manifest::of(unsigned, &trust).is_ok());
    }
}
