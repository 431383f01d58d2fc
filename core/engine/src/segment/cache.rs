//! The block cache: decompressed blocks and pages of all segments, within one bound of bytes.

/// Keeps what was read last from segments, up to a bound; shared by all readers.
#[derive(Debug)]
pub struct BlockCache;

impl BlockCache {
    /// A cache of at most `bytes_max` decompressed bytes.
    #[must_use]
    pub fn new(bytes_max: u64) -> Self {
        unimplemented!("{bytes_max}")
    }

    /// How many reads found what they wanted.
    #[must_use]
    pub fn hits(&self) -> u64 {
        unimplemented!()
    }

    /// How many reads went to the disk.
    #[must_use]
    pub fn misses(&self) -> u64 {
        unimplemented!()
    }

    /// Bytes kept now.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        unimplemented!()
    }
}
