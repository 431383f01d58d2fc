//! Collections: named trees of blobs.
//!
//! A collection is a blob itself, a text that lists files: their paths, sizes and blobs. So it has
//! an id that stands for all of it, two versions share the files that are the same, and whoever
//! has one version fetches of the next what is new. Parsed once, here: no path leads out of a
//! folder, and no two of them are one on a system that does not tell capital letters from small
//! ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::id::BlobId;
use super::limits::{
    COLLECTION_BYTES_MAX, COLLECTION_DEPTH_MAX, COLLECTION_FILES_MAX, COLLECTION_PATH_BYTES_MAX,
};
use super::name::BlobName;
use super::piece::BlobSize;
use crate::error::{Error, Result};

/// The files of a collection, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collection {
    files: BTreeMap<CollectionPath, CollectionFile>,
    /// The same as folders in folders: no larger than the paths are.
    root: Folder,
}

/// Where a file is in a collection: names of files, with `/` between them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionPath(String);

/// What a collection says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectionFile {
    /// Its bytes.
    pub id: BlobId,
    /// How many they are.
    pub size: BlobSize,
}

/// What is in a folder of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CollectionEntry {
    /// A file.
    File(CollectionFile),
    /// A folder: the files below it, with their paths from there on.
    Folder(Collection),
}

/// The names in a folder, in small letters: systems that do not tell them from capital ones must
/// find no two that are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Folder(BTreeMap<String, Entry>);

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    File,
    /// A folder, written like this.
    Folder(String, Folder),
}

impl Collection {
    /// The media type of the blob.
    pub const MEDIA_TYPE: &str = "application/vnd.swarmlet.collection";

    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    ///
    /// # Errors
    ///
    /// `invalid_argument` if there are 8 192, or if on some system the path cannot be beside one
    /// that is there: it is the same but for capital letters, or one is a folder of the other.
    pub fn insert(&mut self, path: CollectionPath, file: CollectionFile) -> Result<()> {
        if self.files.len() == COLLECTION_FILES_MAX {
            return Err(Error::invalid("a collection must have at most 8192 files"));
        }
        self.root.insert(&path)?;
        self.files.insert(path, file);
        Ok(())
    }

    /// The files, in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&CollectionPath, CollectionFile)> {
        self.files.iter().map(|(path, file)| (path, *file))
    }

    /// The blobs of the files, each once.
    #[must_use]
    pub fn blobs(&self) -> BTreeSet<BlobId> {
        self.files.values().map(|file| file.id).collect()
    }

    /// What is in its outermost folder, by name.
    #[must_use]
    pub fn entries(&self) -> BTreeMap<String, CollectionEntry> {
        let mut entries = BTreeMap::new();
        for (path, file) in self.iter() {
            let Some((name, rest)) = path.0.split_once('/') else {
                entries.insert(path.0.clone(), CollectionEntry::File(file));
                continue;
            };
            let entry = entries.entry(name.to_owned());
            let entry = entry.or_insert_with(|| CollectionEntry::Folder(Self::new()));
            if let CollectionEntry::Folder(folder) = entry {
                let inserted = folder.insert(CollectionPath(rest.to_owned()), file);
                inserted.expect("what is beside each other in a collection is in a part of it");
            }
        }
        entries
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut text = String::from(HEADER);
        for (path, file) in self.iter() {
            text.push_str(&format!("{} {} {path}\n", file.id, file.size.get()));
        }
        text.into_bytes()
    }

    /// Reads a collection.
    ///
    /// # Errors
    ///
    /// `corrupt` for what is none, with the line.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > COLLECTION_BYTES_MAX {
            return Err(malformed("it is too long", 0));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is no text", 0))?;
        let lines = text
            .strip_prefix(HEADER)
            .ok_or_else(|| malformed("it does not begin like one", 1))?;
        let mut collection = Self::new();
        for (index, line) in lines.split_terminator('\n').enumerate() {
            let number = index + 2;
            let (path, file) = parse(line).ok_or_else(|| malformed("a line is none", number))?;
            let inserted = collection.insert(path, file);
            inserted.map_err(|error| malformed("a path cannot be", number).because(error))?;
        }
        // Anything else that means the same would have another id.
        match collection.encode() == bytes {
            true => Ok(collection),
            false => Err(malformed("it is not in order", 0)),
        }
    }
}

impl Folder {
    fn insert(&mut self, path: &CollectionPath) -> Result<()> {
        let refused = || {
            let message = "two paths of a collection cannot be beside each other on every system";
            Error::invalid(message).with("path", path.as_str().escape_debug())
        };
        let mut folder = self;
        let mut names = path.names().peekable();
        while let Some(name) = names.next() {
            let small = name.to_lowercase();
            if names.peek().is_none() {
                return match folder.0.insert(small, Entry::File) {
                    None => Ok(()),
                    Some(_) => Err(refused()),
                };
            }
            let made = || Entry::Folder(name.to_owned(), Self::default());
            folder = match folder.0.entry(small).or_insert_with(made) {
                Entry::Folder(written, folder) if written == name => folder,
                Entry::Folder(..) | Entry::File => return Err(refused()),
            };
        }
        Ok(())
    }
}

impl CollectionPath {
    /// Checks a path: names that files can have everywhere, as [`BlobName`], with `/` between.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for one that is empty, leads elsewhere, has more than 1 KiB or more than
    /// 64 names.
    pub fn new(path: impl Into<String>) -> Result<Self> {
        let path = path.into();
        if path.len() > COLLECTION_PATH_BYTES_MAX {
            return Err(Error::invalid(
                "a path in a collection must have at most 1024 bytes",
            ));
        }
        if path.split('/').count() > COLLECTION_DEPTH_MAX {
            return Err(Error::invalid(
                "a path in a collection must have at most 64 names",
            ));
        }
        for name in path.split('/') {
            BlobName::new(name).map_err(|error| error.with("path", path.escape_debug()))?;
        }
        Ok(Self(path))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names from the outermost folder to the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

impl fmt::Display for CollectionPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

fn parse(line: &str) -> Option<(CollectionPath, CollectionFile)> {
    let (id, rest) = line.split_once(' ')?;
    let (size, path) = rest.split_once(' ')?;
    let file = CollectionFile {
        id: id.parse().ok()?,
        size: BlobSize::new(size.parse().ok()?).ok()?,
    };
    Some((CollectionPath::new(path).ok()?, file))
}

fn malformed(what: &'static str, line: usize) -> Error {
    Error::corrupt("a blob is no collection")
        .because(what)
        .with("line", line)
}

const HEADER: &str = "swarmlet collection 1\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn file(content: &[u8]) -> CollectionFile {
        CollectionFile {
            id: BlobId::of(content),
            size: BlobSize::new(content.len() as u64).unwrap(),
        }
    }

    fn collection(paths: &[&str]) -> Result<Collection> {
        let mut collection = Collection::new();
        for path in paths {
            collection.insert(CollectionPath::new(*path)?, file(path.as_bytes()))?;
        }
        Ok(collection)
    }

    #[test]
    fn a_collection_is_read_as_it_was_written() {
        for paths in [&[][..], &["a"], &["b/c", "a", "b/a/x y.txt", "B2/\u{fc}"]] {
            let written = collection(paths).unwrap();
            assert_eq!(Collection::decode(&written.encode()).unwrap(), written);
            assert_eq!(written.len(), paths.len());
        }
        let text = String::from_utf8(collection(&["b/c"]).unwrap().encode()).unwrap();
        let id = BlobId::of(b"b/c");
        assert_eq!(text, format!("swarmlet collection 1\n{id} 3 b/c\n"));
    }

    #[test]
    fn a_folder_of_a_collection_is_one_itself() {
        let all = collection(&["b/c", "a", "b/d/x", "b/d/y"]).unwrap();
        let mut entries = all.entries();
        let names: Vec<&str> = entries.keys().map(String::as_str).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(entries["a"], CollectionEntry::File(file(b"a")));
        let Some(CollectionEntry::Folder(below)) = entries.remove("b") else {
            panic!("b is a folder");
        };
        let paths: Vec<&str> = below.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["c", "d/x", "d/y"]);
        assert_eq!(Collection::decode(&below.encode()).unwrap(), below);
    }

    #[test]
    fn paths_lead_nowhere_and_are_different_everywhere() {
        for path in [
            "", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "a\\b", "nul", "c:/x",
        ] {
            assert!(CollectionPath::new(path).is_err(), "{path}");
        }
        assert!(CollectionPath::new("a/".repeat(63) + "a").is_ok());
        assert!(CollectionPath::new("a/".repeat(64) + "a").is_err());
        assert!(CollectionPath::new("a".repeat(200) + "/" + &"b".repeat(250).repeat(4)).is_err());
        for paths in [
            ["a", "A"],
            ["a", "a"],
            ["a", "a/b"],
            ["a/b", "a"],
            ["x/a", "X/b"],
        ] {
            let refused = collection(&paths).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::InvalidArgument, "{paths:?}");
        }
        assert!(collection(&["x/a", "x/b", "x/y/a", "z"]).is_ok());
    }

    #[test]
    fn what_is_no_collection_is_refused() {
        let id = BlobId::of(b"");
        let head = "swarmlet collection 1\n";
        for text in [
            String::new(),
            "swarmlet collection 2\n".to_owned(),
            format!("{head}{id} 1 b\n{id} 1 a\n"),
            format!("{head}{id} 1 a"),
            format!("{head}{id} 01 a\n"),
            format!("{head}{id} 1 ../a\n"),
            format!("{head}{id} -1 a\n"),
            format!("{head}{id}1 a\n"),
            format!("{head}\n"),
        ] {
            let refused = Collection::decode(text.as_bytes()).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Corrupt, "{text}");
        }
    }

    #[test]
    fn files_are_bounded() {
        let mut collection = Collection::new();
        for number in 0..COLLECTION_FILES_MAX {
            let path = CollectionPath::new(number.to_string()).unwrap();
            collection.insert(path, file(b"")).unwrap();
        }
        let path = CollectionPath::new("more").unwrap();
        assert!(collection.insert(path, file(b"")).is_err());
    }
}
