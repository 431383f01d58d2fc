//! Offsets as languages have them: numbers by the text of a stream id.

use std::collections::BTreeMap;

use swarmlet::{Offset, Offsets};

use crate::failure::Result;

/// The last offset of each stream.
#[must_use]
pub fn offsets_map(offsets: &Offsets) -> BTreeMap<String, u64> {
    let entries = offsets.iter();
    entries
        .map(|(stream, offset)| (stream.to_string(), offset.get()))
        .collect()
}

/// The offsets of texts and numbers, given to `operation`.
pub fn offsets_of(
    operation: &'static str,
    entries: impl IntoIterator<Item = (String, u64)>,
) -> Result<Offsets> {
    let entries = entries.into_iter().map(|(stream, offset)| {
        let entry = || -> swarmlet::Result<_> { Ok((stream.parse()?, Offset::new(offset)?)) };
        entry().map_err(|error| error.during(operation).into())
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use swarmlet::ErrorKind;

    use super::*;

    #[test]
    fn what_is_shown_is_read_and_nothing_else() {
        let stream = format!("{}-7", ".".repeat(43));
        let map = BTreeMap::from([(stream.clone(), 9)]);
        let offsets = offsets_of("query", map.clone()).unwrap();
        assert_eq!(offsets_map(&offsets), map);
        for (stream, offset) in [("x".to_owned(), 1), (stream, 1 << 53)] {
            let failure = offsets_of("query", [(stream, offset)]).unwrap_err();
            assert_eq!(failure.kind, ErrorKind::InvalidArgument);
            assert_eq!(failure.operation, "query");
        }
    }
}
