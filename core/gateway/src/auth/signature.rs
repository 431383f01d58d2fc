//! The signature of a manifest: a developer signs it, and a vendor signs for which apps that
//! developer may.
//!
//! It is a map of CBOR in base64. What the two signed is CBOR, too, of which there is one way to
//! write it.

use data_encoding::BASE64;
use minicbor::Encoder;
use serde::Deserialize;
use swarmlet::{AppId, NodeId, Signature};

use super::manifest::Submitted;
use super::trust::{AppPattern, parse_key};

/// A signature that was read, and not judged yet. Other fields are passed over.
#[derive(Debug, Deserialize)]
pub(super) struct ManifestSignature {
    #[serde(rename = "sig_version")]
    version: u8,
    #[serde(rename = "devPubkey")]
    developer: String,
    #[serde(rename = "appDomains")]
    domains: Vec<String>,
    #[serde(rename = "dev_signature")]
    by_developer: String,
    #[serde(rename = "axSignature")]
    by_vendor: String,
}

impl ManifestSignature {
    /// Reads what stands in a manifest.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let bytes = BASE64
            .decode(text.as_bytes())
            .map_err(|error| error.to_string())?;
        let read: Result<Self, _> = minicbor_serde::from_slice(&bytes);
        let signature = read.map_err(|error| format!("The signature cannot be read: {error}."))?;
        match signature.version {
            0 => Ok(signature),
            _ => Err("The signature cannot be read: it is of another version.".into()),
        }
    }

    /// Whether one of these vendors lets the developer sign for the app, and the developer did.
    pub(super) fn check(
        &self,
        submitted: &Submitted,
        app_id: &AppId,
        vendors: &[NodeId],
    ) -> Result<(), String> {
        let by_vendor = parse_signature(&self.by_vendor)?;
        let granted = granted(&self.developer, &self.domains);
        if !vendors
            .iter()
            .any(|vendor| by_vendor.is_valid(*vendor, &granted))
        {
            let text = "Failed to validate developer certificate.";
            return Err(format!("{text} {FORGED}"));
        }
        let domains: Option<Vec<AppPattern>> = self
            .domains
            .iter()
            .map(|domain| domain.parse().ok())
            .collect();
        let domains = domains.ok_or("The domains of the developer cannot be read.")?;
        if !domains.iter().any(|domain| domain.has(app_id)) {
            let allowed = self.domains.join(", ");
            return Err(format!(
                "AppId '{app_id}' is not allowed in app_domains '{allowed}'"
            ));
        }
        let developer =
            parse_key(&self.developer).ok_or("The key of the developer cannot be read.")?;
        let by_developer = parse_signature(&self.by_developer)?;
        match by_developer.is_valid(developer, &signed(submitted)) {
            true => Ok(()),
            false => Err(format!("Failed to validate app manifest. {FORGED}")),
        }
    }
}

/// What a vendor signs.
fn granted(developer: &str, domains: &[String]) -> Vec<u8> {
    written(|encoder| {
        encoder.map(2)?.str("devPubkey")?.str(developer)?;
        encoder.str("appDomains")?.array(domains.len() as u64)?;
        for domain in domains {
            encoder.str(domain)?;
        }
        Ok(())
    })
}

/// What a developer signs.
fn signed(submitted: &Submitted) -> Vec<u8> {
    written(|encoder| {
        encoder.map(3)?.str("app_id")?.str(&submitted.app_id)?;
        encoder.str("display_name")?.str(&submitted.display_name)?;
        encoder.str("version")?.str(&submitted.version)?;
        Ok(())
    })
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn written(write: impl FnOnce(&mut Encoder<Vec<u8>>) -> Written) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    write(&mut encoder).expect("writing to a vector succeeds");
    encoder.into_writer()
}

fn parse_signature(text: &str) -> Result<Signature, String> {
    let bytes = BASE64.decode(text.as_bytes()).ok();
    let bytes: Option<[u8; 64]> = bytes.and_then(|bytes| bytes.try_into().ok());
    let bytes = bytes.ok_or("A signature has 64 bytes in base64.")?;
    Ok(Signature::from_bytes(bytes))
}

const FORGED: &str = "Invalid signature for provided input.";
