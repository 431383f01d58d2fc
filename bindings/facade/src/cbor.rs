//! Payloads that a caller brings as CBOR.

use minicbor::Decoder;
use minicbor::data::Token;
use swarmlet::{ErrorKind, Payload};

use crate::failure::{Failure, Result};

/// The payload of encoded CBOR, of which every language can make a value: CBOR has negative
/// integers that fit into no 64 bits.
pub fn payload_of_cbor(cbor: &[u8]) -> Result<Payload> {
    let payload = Payload::from_cbor(cbor.to_vec())?;
    for token in Decoder::new(cbor).tokens() {
        let token = token.map_err(|error| {
            let message = format!("the payload cannot be read: {error}");
            Failure::new(ErrorKind::InvalidArgument, "", message)
        })?;
        if let Token::Int(integer) = token
            && i64::try_from(integer).is_err()
            && u64::try_from(integer).is_err()
        {
            let message = "an integer of a payload must fit into 64 bits";
            return Err(Failure::invalid("", message).with("given", integer.to_string()));
        }
    }
    Ok(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_integer_of_64_bits_is_taken() {
        let least = [0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let greatest = [0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        for cbor in [&least[..], &greatest, &[0x20], &[0x9f, 0xf9, 0x3e, 0, 0xff]] {
            assert_eq!(payload_of_cbor(cbor).unwrap().as_cbor(), cbor);
        }
    }

    #[test]
    fn integers_that_no_language_has_are_refused() {
        let one_less = [0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0];
        let in_a_list = [&[0x82, 0x00][..], &one_less].concat();
        for cbor in [&one_less[..], &in_a_list] {
            let failure = payload_of_cbor(cbor).unwrap_err();
            assert_eq!(failure.kind, ErrorKind::InvalidArgument);
            assert_eq!(failure.details[0].1, "-9223372036854775809");
        }
        assert!(payload_of_cbor(&[]).is_err());
    }
}
