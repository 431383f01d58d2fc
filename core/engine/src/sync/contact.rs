//! Contacts: where a member can be reached, in its own signed words.
//!
//! They travel over others: whoever is told one knows that nobody else made it up, and of two the
//! one with the larger version counts. The byte map is in docs/format/sync.md.

use super::limits::{ADDRESS_BYTES_MAX, ADDRESSES_MAX};
use crate::event::codec::{Malformed, Reader, put_bytes, put_varint};
use crate::event::{NodeId, Signature, Signer};

/// An address as text. What it means is known to the network only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(Box<str>);

/// Where a member can be reached; its signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    node: NodeId,
    version: u64,
    addresses: Vec<Address>,
    signature: Signature,
}

impl Address {
    /// `None` unless it is 1 to 64 printable characters of ASCII, without spaces.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let has_length = (1..=ADDRESS_BYTES_MAX).contains(&text.len());
        let is_printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        (has_length && is_printable).then(|| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Contact {
    /// What `signer` says of itself: the first eight of `addresses`. A later word needs a larger
    /// `version`; the time in microseconds will do.
    #[must_use]
    pub fn sign(version: u64, mut addresses: Vec<Address>, signer: &dyn Signer) -> Self {
        addresses.truncate(ADDRESSES_MAX);
        let node = signer.node_id();
        let signature = signer.sign(&message(node, version, &addresses));
        Self {
            node,
            version,
            addresses,
            signature,
        }
    }

    /// Who can be reached.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Of two the larger one counts.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Where, in the order in which to try.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Appends it as bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_claims(out, self.node, self.version, &self.addresses);
        out.extend_from_slice(self.signature.as_bytes());
    }

    /// Reads one, and checks its signature.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let node = NodeId::from_bytes(reader.array()?);
        let version = reader.varint()?;
        let count = reader.len(ADDRESSES_MAX, "too many addresses of a node")?;
        let mut addresses = Vec::with_capacity(count);
        for _ in 0..count {
            let len = reader.len(ADDRESS_BYTES_MAX, "an address is too long")?;
            let text = std::str::from_utf8(reader.take(len)?).ok();
            let address = text.and_then(Address::new);
            addresses.push(address.ok_or_else(|| reader.malformed("not an address"))?);
        }
        let signature = Signature::from_bytes(reader.array()?);
        if !signature.is_valid(node, &message(node, version, &addresses)) {
            return Err(reader.malformed("an address is not signed by whom it is of"));
        }
        Ok(Self {
            node,
            version,
            addresses,
            signature,
        })
    }
}

fn message(node: NodeId, version: u64, addresses: &[Address]) -> Vec<u8> {
    let mut message = SIGN_DOMAIN.to_vec();
    put_claims(&mut message, node, version, addresses);
    message
}

fn put_claims(out: &mut Vec<u8>, node: NodeId, version: u64, addresses: &[Address]) {
    out.extend_from_slice(node.as_bytes());
    put_varint(out, version);
    put_varint(out, addresses.len() as u64);
    for address in addresses {
        put_bytes(out, address.as_str().as_bytes());
    }
}

const SIGN_DOMAIN: &[u8] = b"swarmlet/contact/1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::DeviceKey;

    fn address(text: &str) -> Address {
        Address::new(text).unwrap()
    }

    fn encoded(contact: &Contact) -> Vec<u8> {
        let mut bytes = Vec::new();
        contact.encode(&mut bytes);
        bytes
    }

    #[test]
    fn a_contact_round_trips_and_a_changed_byte_is_noticed() {
        let signer = DeviceKey::from_seed(&[1; 32]);
        let addresses = vec![address("tcp://127.0.0.1:4001"), address("quic://[::1]:1")];
        let contact = Contact::sign(300, addresses, &signer);
        let bytes = encoded(&contact);
        assert_eq!(Contact::decode(&mut Reader::new(&bytes)).unwrap(), contact);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Contact::decode(&mut Reader::new(&changed)).is_err(), "{at}");
        }
    }

    #[test]
    fn addresses_are_short_printable_and_few() {
        let signer = DeviceKey::from_seed(&[1; 32]);
        assert!(Address::new(&"a".repeat(ADDRESS_BYTES_MAX)).is_some());
        for text in ["", "a b", "\u{e9}", &"a".repeat(ADDRESS_BYTES_MAX + 1)] {
            assert!(Address::new(text).is_none(), "{text}");
        }
        let many = vec![address("a"); ADDRESSES_MAX + 1];
        let contact = Contact::sign(1, many, &signer);
        assert_eq!(contact.addresses().len(), ADDRESSES_MAX);
        assert!(Contact::decode(&mut Reader::new(&encoded(&contact))).is_ok());
    }
}
