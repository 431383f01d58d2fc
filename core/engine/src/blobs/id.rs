//! Blob ids: the BLAKE3 hash of the content, and its text form.

use std::fmt;
use std::io;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The name of a blob: the BLAKE3 hash of its content.
///
/// Its text is 64 hexadecimal digits in lower case, as `b3sum` prints them.
///
/// ```
/// use swarmlet_engine::blobs::BlobId;
///
/// let id = BlobId::of(b"");
/// assert_eq!(id.to_string(), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
/// assert_eq!(id.to_string().parse::<BlobId>()?, id);
/// # Ok::<(), swarmlet_engine::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId([u8; 32]);

impl BlobId {
    /// Characters of the text form.
    pub const TEXT_LEN: usize = 64;

    /// The id of this content.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self(*blake3::hash(content).as_bytes())
    }

    /// The name of a blob with all bytes that come.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn of_reader(content: impl io::Read) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(content)?;
        Ok(Self(*hasher.finalize().as_bytes()))
    }

    /// From the 32 bytes of the hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "BlobId({self})")
    }
}

impl FromStr for BlobId {
    type Err = Error;

    /// Reads the text form; digits in upper case are taken as well.
    fn from_str(text: &str) -> Result<Self> {
        let hash = blake3::Hash::from_hex(text).map_err(|error| {
            Error::invalid("not a blob id: it must be 64 hexadecimal digits")
                .with("text", text)
                .because(error)
        })?;
        Ok(Self(*hash.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_no_hash_is_refused() {
        let digits = "0123456789abcdef".repeat(4);
        assert!(digits.parse::<BlobId>().is_ok());
        assert_eq!(
            digits.to_uppercase().parse::<BlobId>().ok(),
            digits.parse().ok()
        );
        let short = &digits[1..];
        let long = format!("{digits}0");
        let other = format!("{short}g");
        let path = format!("../{}", &digits[3..]);
        for text in ["", short, &long, &other, &path] {
            assert!(text.parse::<BlobId>().is_err(), "{text}");
        }
    }
}
