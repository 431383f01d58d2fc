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
    use data_encoding::BASE64;
    use ed25519_dalek::{Signer as _, SigningKey};
    use minicbor::Encoder;

    use super::*;
    use crate::auth::trust::parse_key;

    /// A vendor and a developer, as the predecessor has them: a key is a zero and base64.
    struct Signers {
        vendor: SigningKey,
        developer: SigningKey,
    }

    fn signers() -> Signers {
        Signers {
            vendor: SigningKey::from_bytes(&[1; 32]),
            developer: SigningKey::from_bytes(&[2; 32]),
        }
    }

    fn key_text(key: &SigningKey) -> String {
        format!("0{}", BASE64.encode(key.verifying_key().as_bytes()))
    }

    fn sign(key: &SigningKey, cbor: &[u8]) -> String {
        BASE64.encode(&key.sign(cbor).to_bytes())
    }

    impl Signers {
        /// What the predecessor's tools write into a manifest, field by field.
        fn signature(&self, manifest: &Submitted, domain: &str) -> String {
            let key = key_text(&self.developer);
            let mut granted = Encoder::new(Vec::new());
            let grant = granted.map(2).unwrap().str("devPubkey").unwrap();
            let grant = grant.str(&key).unwrap().str("appDomains").unwrap();
            grant.array(1).unwrap().str(domain).unwrap();
            let mut signed = Encoder::new(Vec::new());
            signed.map(3).unwrap();
            for (name, value) in [
                ("app_id", &manifest.app_id),
                ("display_name", &manifest.display_name),
                ("version", &manifest.version),
            ] {
                signed.str(name).unwrap().str(value).unwrap();
            }
            let mut out = Encoder::new(Vec::new());
            out.begin_map().unwrap();
            out.str("sig_version").unwrap().u8(0).unwrap();
            let by_developer = sign(&self.developer, signed.writer());
            let by_vendor = sign(&self.vendor, granted.writer());
            for (name, value) in [
                ("dev_signature", by_developer),
                ("devPubkey", key),
                ("axSignature", by_vendor),
            ] {
                out.str(name).unwrap().str(&value).unwrap();
            }
            let domains = out.str("appDomains").unwrap().begin_array().unwrap();
            domains.str(domain).unwrap().end().unwrap();
            out.end().unwrap();
            BASE64.encode(out.writer())
        }
    }

    fn submitted() -> Submitted {
        let mut manifest = Submitted {
            app_id: "com.acme.press".into(),
            display_name: "Press".into(),
            version: "1.0.0".into(),
            signature: None,
        };
        manifest.signature = Some(signers().signature(&manifest, "com.acme.*"));
        manifest
    }

    fn trust() -> Trust {
        let vendor = parse_key(&key_text(&signers().vendor)).unwrap();
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
    fn a_manifest_that_a_certified_developer_signed_is_good() {
        let manifest = Manifest::of(submitted(), &trust()).unwrap();
        assert_eq!(manifest.app_id.as_str(), "com.acme.press");
    }

    /// The manifest that is in the tests of the predecessor's tools, written and signed by them.
    fn predecessors() -> Submitted {
        Submitted {
            app_id: "com.actyx.test-app".into(),
            display_name: "display name".into(),
            version: "version 0".into(),
            signature: Some(PREDECESSORS.concat()),
        }
    }

    const PREDECESSORS_VENDOR: &str = "075i62XGQJuXjv6nnLQyJzECZhF29acYvYeEOJ3kc5M8=";

    const PREDECESSORS: [&str; 5] = [
        "v2tzaWdfdmVyc2lvbgBtZGV2X3NpZ25hdHVyZXhYWWNuNmlpWXllcFBKeEN6L3hEY3JkQklHcGlxYVRkQVBa",
        "akVuRnIzL2xBdGgzaXRzNU9PaTFORjU4M2xFcTJuSVJwOWtIZ1BFSTViTFNPQlFxN2lNQkE9PWlkZXZQdWJr",
        "ZXl4LTBzaUdHN0dYSGpGaG5oRldya3RiaVZ2Vjgyb1dxTUVzdDBiOVVjWjZYRWd3PWphcHBEb21haW5zgWtj",
        "b20uYWN0eXguKmtheFNpZ25hdHVyZXhYekpYa0VkL1BnWjdkcEUzZDVDc0JSaWJHVjBRcE9ZcEhHa3dmV1JE",
        "VFNuclk1d25tWDN6YnhMNjA1TkdjK3huTnpKeHoyamp3N1VFemNPTlBrRXN0Q3c9Pf8=",
    ];

    #[test]
    fn what_the_predecessors_tools_have_signed_is_good() {
        let vendor = Trust {
            vendors: vec![parse_key(PREDECESSORS_VENDOR).unwrap()],
            apps: Vec::new(),
        };
        let manifest = Manifest::of(predecessors(), &vendor).unwrap();
        assert_eq!(manifest.app_id.as_str(), "com.actyx.test-app");
        let mut changed = predecessors();
        changed.display_name = "some name".into();
        let text = refused(changed, &vendor);
        assert!(
            text.starts_with("Failed to validate app manifest."),
            "{text}"
        );
        let text = refused(predecessors(), &trust());
        assert!(text.starts_with("Failed to validate developer"), "{text}");
    }

    #[test]
    fn what_was_changed_after_signing_is_found() {
        let forged = "Failed to validate app manifest. Invalid signature for provided input.";
        let mut changed = submitted();
        changed.version = "1.0.1".into();
        assert_eq!(refused(changed, &trust()), forged);
        let mut changed = submitted();
        changed.app_id = "com.acme.other".into();
        assert_eq!(refused(changed, &trust()), forged);
        let mut changed = submitted();
        changed.app_id = "com.other.app".into();
        assert!(refused(changed, &trust()).contains("is not allowed in app_domains 'com.acme.*'"));
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
        let deep = BASE64.encode(&[&[0xa1, 0x61, b'x'][..], &[0x81; 40_000]].concat());
        let mut nested = submitted();
        nested.signature = Some(deep);
        assert!(refused(nested, &trust()).starts_with("The signature cannot be read"));
    }

    #[test]
    fn an_app_that_was_let_in_needs_no_signature() {
        let mut trust = Trust::default();
        trust.apps.push("com.acme.*".parse().unwrap());
        assert!(Manifest::of(submitted(), &trust).is_ok());
        let mut unsigned = submitted();
        unsigned.signature = None;
        assert!(Manifest::of(unsigned, &trust).is_ok());
    }
}
