//! Signed objects: COSE_Sign1 (RFC 9052) with ed25519, an empty unprotected header, and a domain.
//!
//! The domain is the external data of the signature and does not travel, so a signature of one
//! kind of object fits no other. Verification is strict, as for batches.

use coset::{CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, iana};

use crate::event::codec::Malformed;
use crate::event::{NodeId, Signature, Signer};

/// Signs `payload` and returns the one encoding of the signed object.
pub(super) fn seal(payload: Vec<u8>, domain: &[u8], signer: &dyn Signer) -> Vec<u8> {
    let header = HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA);
    let object = CoseSign1Builder::new()
        .protected(header.build())
        .payload(payload)
        .create_signature(domain, |message| signer.sign(message).as_bytes().to_vec())
        .build();
    object.to_vec().expect("byte strings always encode")
}

/// A signed object taken apart; the signature is yet to be checked, since the payload says whose
/// it should be.
pub(super) struct Opened {
    pub(super) payload: Vec<u8>,
    message: Vec<u8>,
    signature: Signature,
}

impl Opened {
    pub(super) fn is_signed_by(&self, author: NodeId) -> bool {
        self.signature.is_valid(author, &self.message)
    }
}

/// Takes a signed object of at most `bytes_max` bytes apart; only its one encoding is accepted.
pub(super) fn open(bytes: &[u8], domain: &[u8], bytes_max: usize) -> Result<Opened, Malformed> {
    let bad = |what| Malformed { what, at: 0 };
    if bytes.len() > bytes_max {
        return Err(bad("signed object is too long"));
    }
    if !bytes.starts_with(PREFIX) {
        return Err(bad("no signed object, or of another algorithm"));
    }
    let object = CoseSign1::from_slice(bytes).map_err(|_| bad("signed object is broken"))?;
    let message = object.tbs_data(domain);
    let again = object.clone().to_vec();
    if again.ok().as_deref() != Some(bytes) {
        return Err(bad("signed object is not in its canonical form"));
    }
    let payload = object.payload.ok_or_else(|| bad("payload is missing"))?;
    let signature = <[u8; 64]>::try_from(object.signature)
        .map_err(|_| bad("signature is of another length"))?;
    Ok(Opened {
        payload,
        message,
        signature: Signature::from_bytes(signature),
    })
}

/// An array of four, the protected header {1: -8} as a byte string, an empty unprotected header.
const PREFIX: &[u8] = &[0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0];
