//! Signatures of a device for what is not an event: tokens, reports, whatever an app hands out in
//! its name.
//!
//! What is signed begins with a domain of its own and goes through a hash that is made for one
//! purpose, so that no such signature fits a batch, a certificate, or another purpose.

use swarmlet_engine::event::{NodeId, Signature, Signer};

/// Signs as the device.
pub(crate) fn attest(signer: &dyn Signer, purpose: &str, message: &[u8]) -> Signature {
    signer.sign(&attested(purpose, message))
}

/// Whether the device of that identity signed the message for that purpose; see
/// [`Node::attest`](crate::Node::attest). Needs no node, and asks nobody.
#[must_use]
pub fn is_attested(by: NodeId, purpose: &str, message: &[u8], signature: &Signature) -> bool {
    signature.is_valid(by, &attested(purpose, message))
}

/// The bytes that are signed.
fn attested(purpose: &str, message: &[u8]) -> [u8; DOMAIN.len() + 32] {
    let mut bytes = [0; DOMAIN.len() + 32];
    bytes[..DOMAIN.len()].copy_from_slice(DOMAIN);
    bytes[DOMAIN.len()..].copy_from_slice(&blake3::derive_key(purpose, message));
    bytes
}

const DOMAIN: &[u8; 17] = b"swarmlet/attest/1";

#[cfg(test)]
mod tests {
    use super::*;
    use swarmlet_engine::event::DeviceKey;

    #[test]
    fn a_signature_is_of_one_device_for_one_purpose_and_message() {
        let (key, other) = (
            DeviceKey::from_seed(&[1; 32]),
            DeviceKey::from_seed(&[2; 32]),
        );
        let signature = attest(&key, "com.example token", b"message");
        let is_good = |by, purpose, message| is_attested(by, purpose, message, &signature);
        assert!(is_good(key.node_id(), "com.example token", b"message"));
        assert!(!is_good(other.node_id(), "com.example token", b"message"));
        assert!(!is_good(key.node_id(), "com.example toke", b"nmessage"));
        assert!(!is_good(key.node_id(), "com.example token", b"massage"));
    }
}
