//! The key of a device, and how libp2p names the same.

use std::fmt;

use libp2p::PeerId;
use libp2p::identity::PublicKey;

/// The ed25519 public key of a device.
///
/// Ordered by its bytes. Displayed as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey([u8; 32]);

impl PeerKey {
    /// The key with these bytes; whether they are a point of the curve is not checked.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the key.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key inside a libp2p name; `None` if the peer uses another kind of key than we do.
    pub(crate) fn of(id: &PeerId) -> Option<Self> {
        let key = PublicKey::try_decode_protobuf(id.as_ref().digest()).ok()?;
        Some(Self(key.try_into_ed25519().ok()?.to_bytes()))
    }
}

impl fmt::Display for PeerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for PeerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PeerKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use libp2p::identity::Keypair;

    use super::*;

    #[test]
    fn key_is_found_in_a_peer_id() {
        let keypair = Keypair::ed25519_from_bytes([7; 32]).unwrap();
        let id = keypair.public().to_peer_id();
        let key = PeerKey::of(&id).unwrap();
        assert_eq!(
            key.as_bytes(),
            &keypair.try_into_ed25519().unwrap().public().to_bytes()
        );
        assert_eq!(key.to_string().len(), 64);
    }
}
