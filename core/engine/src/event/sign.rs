//! Signatures: ed25519 over a domain tag and a hash, made by the author, checked by everyone.

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use super::node_id::NodeId;

/// An ed25519 signature (RFC 8032).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// From its 64 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Its 64 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// Whether `author` signed `message`. Strict: one signature has one encoding, so that every
    /// node judges alike.
    #[must_use]
    pub fn is_valid(&self, author: NodeId, message: &[u8]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&self.0);
        VerifyingKey::from_bytes(author.as_bytes())
            .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Signature(..)")
    }
}

/// Signs as a device. A trait, so that a keystore of the operating system can stand in.
pub trait Signer: Send + Sync {
    /// The public key.
    fn node_id(&self) -> NodeId;

    /// Signs `message`.
    fn sign(&self, message: &[u8]) -> Signature;
}

/// A device key in memory, erased when dropped.
pub struct DeviceKey(SigningKey);

impl DeviceKey {
    /// From the 32 secret bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }
}

impl Signer for DeviceKey {
    fn node_id(&self) -> NodeId {
        NodeId::from_bytes(self.0.verifying_key().to_bytes())
    }

    fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}
