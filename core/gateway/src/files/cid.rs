//! Ids of files in the text of IPFS: version 1 in base 32, of a BLAKE3 hash.
//!
//! A file is raw bytes. A folder has a code of its own, from those that are nobody's, as its blob
//! is a list in Swarmlet's own format.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE32_NOPAD, Encoding};
use swarmlet::BlobId;

/// Which file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cid {
    pub(super) kind: Kind,
    pub(super) id: BlobId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
}

/// What is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoCid;

impl Kind {
    /// Version and code.
    const fn head(self) -> &'static [u8] {
        match self {
            Self::File => &[0x01, 0x55],
            // 0x300001: the second of the codes for private use.
            Self::Folder => &[0x01, 0x81, 0x80, 0xc0, 0x01],
        }
    }
}

impl fmt::Display for Cid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.kind.head(), HASH, self.id.as_bytes()].concat();
        write!(out, "b{}", BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
    }
}

impl FromStr for Cid {
    type Err = NoCid;

    fn from_str(text: &str) -> Result<Self, NoCid> {
        let digits = text.strip_prefix('b').ok_or(NoCid)?;
        if digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
            return Err(NoCid);
        }
        let base: &Encoding = &BASE32_NOPAD;
        let bytes = base
            .decode(digits.to_ascii_uppercase().as_bytes())
            .map_err(|_| NoCid)?;
        [Kind::File, Kind::Folder]
            .into_iter()
            .find_map(|kind| {
                let hash = bytes.strip_prefix(kind.head())?.strip_prefix(HASH)?;
                let id = BlobId::from_bytes(hash.try_into().ok()?);
                Some(Self { kind, id })
            })
            .ok_or(NoCid)
    }
}

/// BLAKE3, of 32 bytes.
const HASH: &[u8] = &[0x1e, 0x20];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_as_it_went() {
        for kind in [Kind::File, Kind::Folder] {
            let cid = Cid {
                kind,
                id: BlobId::of(b"content"),
            };
            let text = cid.to_string();
            assert_eq!(text.parse(), Ok(cid));
            for wrong in [
                text.to_uppercase(),
                text[1..].to_owned(),
                format!("{text}a"),
            ] {
                assert_eq!(wrong.parse::<Cid>(), Err(NoCid));
            }
        }
        assert!(
            Cid {
                kind: Kind::File,
                id: BlobId::of(b"")
            }
            .to_string()
            .starts_with("bafkr4i")
        );
    }

    #[test]
    fn names_are_no_ids() {
        for text in ["", "b", "bafy", "my-page", "b\u{e4}"] {
            assert_eq!(text.parse::<Cid>(), Err(NoCid));
        }
    }
}
