//! Names of the files of a data folder, as a type that cannot point anywhere else.
//!
//! A name is made once, where the file's meaning is known, and needs no check after that. It
//! never holds a path separator, never starts with a dot and never differs from another name by
//! case only, so it means the same file on every system. Sits below [`Disk`](super::Disk).

use std::fmt;

/// A folder of the data folder: the only places where the engine keeps files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Folder {
    /// The data folder itself.
    Root,
    /// The files of the write-ahead log.
    Log,
    /// The sealed segments.
    Segments,
    /// What was found and not understood, kept for a human to look at.
    Aside,
    /// The blobs, whole and in parts.
    Blobs,
}

impl Folder {
    /// Every folder, the data folder itself first.
    pub const ALL: [Self; 5] = [
        Self::Root,
        Self::Log,
        Self::Segments,
        Self::Aside,
        Self::Blobs,
    ];

    /// The folder's path below the data folder; empty for the data folder itself.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Log => "log",
            Self::Segments => "segments",
            Self::Aside => "aside",
            Self::Blobs => "blobs",
        }
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Root => ".",
            other => other.path(),
        })
    }
}

/// The name of one file and the folder it is in.
///
/// One to 80 characters of `a-z`, `0-9`, `.`, `-` and `_`, neither the first nor the last of
/// them a dot. Ordered by folder, then by name as bytes.
///
/// ```
/// use swarmlet_engine::storage::{FileName, Folder};
///
/// let name = FileName::new(Folder::Log, "0000000000000001.wal")?;
/// assert_eq!(name.to_string(), "log/0000000000000001.wal");
/// assert!(FileName::new(Folder::Log, "../identity").is_err());
/// # Ok::<(), swarmlet_engine::storage::InvalidFileName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName {
    folder: Folder,
    name: Box<str>,
}

impl FileName {
    /// Checks a name. Upper case is refused, because some filesystems do not tell it from lower.
    ///
    /// # Errors
    ///
    /// [`InvalidFileName`] if the name breaks the rules above, or is that of a folder.
    pub fn new(folder: Folder, name: impl Into<Box<str>>) -> Result<Self, InvalidFileName> {
        let name = name.into();
        let is_folder = Folder::ALL.iter().any(|known| known.path() == &*name);
        let is_valid = name.len() <= NAME_BYTES_MAX
            && !name.starts_with('.')
            && !name.ends_with('.')
            && name.bytes().all(is_name_byte)
            && !is_folder;
        if is_valid {
            Ok(Self { folder, name })
        } else {
            Err(InvalidFileName { folder, name })
        }
    }

    /// The folder the file is in.
    #[must_use]
    pub const fn folder(&self) -> Folder {
        self.folder
    }

    /// The name within its folder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The path below the data folder, with `/` on every system.
impl fmt::Display for FileName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.folder {
            Folder::Root => out.write_str(&self.name),
            folder => write!(out, "{folder}/{}", self.name),
        }
    }
}

/// A text that cannot be the name of a file of the engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} in folder {folder} is not a valid file name")]
pub struct InvalidFileName {
    folder: Folder,
    name: Box<str>,
}

const fn is_name_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_')
}

/// Above the longest name in use (74, of a blob) and below what any filesystem allows.
const NAME_BYTES_MAX: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_mean_the_same_everywhere_are_accepted() {
        let longest = "a".repeat(NAME_BYTES_MAX);
        for name in ["1.wal", "a-b_c.seg.tmp", "0", &*longest] {
            assert!(FileName::new(Folder::Log, name).is_ok(), "{name}");
        }
        let too_long = "a".repeat(NAME_BYTES_MAX + 1);
        for name in [
            "", ".", "..", ".a", "a.", "a/b", "a\\b", "A", "a b", "c:", "\u{e9}", &*too_long,
        ] {
            assert!(FileName::new(Folder::Log, name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_file_cannot_have_the_name_of_a_folder() {
        for folder in Folder::ALL {
            assert!(
                FileName::new(Folder::Root, folder.path()).is_err(),
                "{folder}"
            );
        }
    }

    #[test]
    fn names_sort_by_folder_and_then_by_bytes() {
        let name = |folder, name: &str| FileName::new(folder, name).unwrap();
        let mut names = [
            name(Folder::Aside, "0"),
            name(Folder::Log, "b"),
            name(Folder::Log, "a"),
        ];
        names.sort();
        let sorted: Vec<String> = names.iter().map(ToString::to_string).collect();
        assert_eq!(sorted, ["log/a", "log/b", "aside/0"]);
    }
}
