//! The names on a simulated disk: what the process sees, and what the journal has committed.
//!
//! Every change is visible at once and waits to become durable. Changes of one folder become
//! durable in the order they were made; those of two folders in any order, unless a rename from
//! one to the other ties them. Real filesystems often promise more, none promises less. Knows
//! nothing of content. Sits below `machine`.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{FileName, Folder};
use super::random::Random;

/// Which content a name stands for; as an inode number, but never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileId(pub(super) u64);

/// The names of all folders.
#[derive(Debug, Default)]
pub(super) struct Names {
    visible: BTreeMap<FileName, FileId>,
    durable: BTreeMap<FileName, FileId>,
    /// What leads from the durable names to the visible ones, oldest first.
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Create { name: FileName, file: FileId },
    Rename { from: FileName, to: FileName },
    Remove { name: FileName },
}

impl Names {
    pub(super) fn find(&self, name: &FileName) -> Option<FileId> {
        self.visible.get(name).copied()
    }

    /// The visible names with their files, sorted.
    pub(super) fn visible(&self) -> impl Iterator<Item = (&FileName, FileId)> {
        self.visible.iter().map(|(name, file)| (name, *file))
    }

    /// The files that have a name now, or may have one after a power failure.
    pub(super) fn reachable(&self) -> BTreeSet<FileId> {
        let created = self.pending.iter().filter_map(|change| match change {
            Change::Create { file, .. } => Some(*file),
            Change::Rename { .. } | Change::Remove { .. } => None,
        });
        self.visible
            .values()
            .chain(self.durable.values())
            .copied()
            .chain(created)
            .collect()
    }

    pub(super) fn create(&mut self, name: FileName, file: FileId) {
        self.make(Change::Create { name, file });
    }

    pub(super) fn rename(&mut self, from: FileName, to: FileName) {
        self.make(Change::Rename { from, to });
    }

    pub(super) fn remove(&mut self, name: FileName) {
        self.make(Change::Remove { name });
    }

    /// Commits the changes of a folder, with those of other folders they build on.
    pub(super) fn sync(&mut self, folder: Folder) {
        let mut wanted = BTreeSet::from([folder]);
        let mut is_wanted = vec![false; self.pending.len()];
        for (change, is_wanted) in self.pending.iter().zip(&mut is_wanted).rev() {
            let folders = change.folders();
            if folders.iter().any(|folder| wanted.contains(folder)) {
                wanted.extend(folders);
                *is_wanted = true;
            }
        }
        for (change, is_wanted) in std::mem::take(&mut self.pending).into_iter().zip(is_wanted) {
            if is_wanted {
                change.apply(&mut self.durable);
            } else {
                self.pending.push(change);
            }
        }
    }

    /// Leaves the names the journal holds after the power failed: of each folder a leading part
    /// of its changes, given how likely each one is to have been committed.
    pub(super) fn lose_power(&mut self, changes_per_million: u32, random: &mut Random) {
        let mut ended = BTreeSet::new();
        for change in std::mem::take(&mut self.pending) {
            let folders = change.folders();
            let is_open = folders.iter().all(|folder| !ended.contains(folder));
            if is_open && random.hits(changes_per_million) {
                change.apply(&mut self.durable);
            } else {
                ended.extend(folders);
            }
        }
        self.visible = self.durable.clone();
    }

    fn make(&mut self, change: Change) {
        change.apply(&mut self.visible);
        self.pending.push(change);
    }
}

impl Change {
    fn folders(&self) -> [Folder; 2] {
        match self {
            Self::Create { name, .. } | Self::Remove { name } => [name.folder(), name.folder()],
            Self::Rename { from, to } => [from.folder(), to.folder()],
        }
    }

    fn apply(&self, names: &mut BTreeMap<FileName, FileId>) {
        match self {
            Self::Create { name, file } => {
                let replaced = names.insert(name.clone(), *file);
                assert!(replaced.is_none(), "{name} is created twice");
            }
            Self::Rename { from, to } => {
                let file = names
                    .remove(from)
                    .expect("earlier changes of the folder are applied");
                names.insert(to.clone(), file);
            }
            Self::Remove { name } => {
                names
                    .remove(name)
                    .expect("earlier changes of the folder are applied");
            }
        }
    }
}
