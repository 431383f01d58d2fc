//! Where a node keeps what it knows of its swarm: the file `local.redb` in the data folder.
//!
//! Small, rarely written, and not derivable from the log. Each save is one transaction, durable
//! when it returns. Reading checks every signature again.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{Database, ReadableDatabase, TableDefinition};
use swarmlet_engine::event::Signer;
use swarmlet_engine::membership::{
    Authority, Chain, Directory, Registrar, Revocations, RootSet, TimeFloor,
};
use swarmlet_engine::sync::Members;
use swarmlet_engine::{Error, ErrorKind, Result};

use super::membership::Membership;
use crate::permission;

/// The file, opened when it is needed.
#[derive(Debug)]
pub(crate) struct Vault {
    path: Option<PathBuf>,
    database: Mutex<Access>,
}

/// Whether the file may be, and is, open.
#[derive(Debug)]
enum Access {
    Unopened,
    Open(Box<Database>),
    /// The folder belongs to whoever opens it next.
    Closed,
}

/// What is kept beside the membership.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kept {
    /// Where others are.
    Contacts,
    /// Where this device asked to be let in.
    Doors,
    /// Which streams this device writes.
    Incarnation,
    /// Branches of earlier streams that are to be published again.
    Branches,
}

impl Kept {
    fn name(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Doors => "doors",
            Self::Incarnation => "incarnation",
            Self::Branches => "branches",
        }
    }
}

impl Vault {
    /// The vault of the data folder; a node without one keeps nothing.
    pub(crate) fn new(folder: Option<&Path>) -> Self {
        Self {
            path: folder.map(|folder| folder.join(FILE)),
            database: Mutex::new(Access::Unopened),
        }
    }

    /// What was saved last; nothing if this node never was in a swarm.
    pub(super) fn load(&self, signer: &dyn Signer) -> Result<Option<Membership>> {
        let roots = self.read("root set")?;
        if roots.is_empty() {
            return Ok(None);
        }
        let parts = Parts {
            roots,
            own: self.read("chain")?,
            revocations: self.read("revocations")?,
            directory: self.read("directory")?,
            floor: self.read("time floor")?,
            registrar: self.read("registrar")?,
        };
        parts.read(signer).map(Some)
    }

    /// What was kept of this kind, encoded; nothing if there never was something.
    pub(super) fn recall(&self, kept: Kept) -> Result<Vec<u8>> {
        self.read(kept.name())
    }

    /// Keeps something; durable when it returns.
    pub(super) fn keep(&self, kept: Kept, bytes: Vec<u8>) -> Result<()> {
        self.write(&[(kept.name(), bytes)])
    }

    /// Saves everything; durable when it returns.
    pub(super) fn save(&self, membership: &Membership) -> Result<()> {
        let authority = membership.members.authority();
        let registrar = membership.registrar.as_ref().map(Registrar::encode);
        let entries = [
            ("root set", authority.root_set().encode()),
            ("chain", membership.own.encode()),
            ("revocations", authority.revocations().encode()),
            ("directory", membership.members.directory().encode()),
            ("time floor", authority.floor().encode().to_vec()),
            ("registrar", registrar.unwrap_or_default()),
        ];
        self.write(&entries)
    }

    /// What is saved under a name; nothing if there never was something.
    fn read(&self, name: &str) -> Result<Vec<u8>> {
        let exists = self.path.as_ref().is_some_and(|path| path.exists());
        if !exists {
            return Ok(Vec::new());
        }
        self.with(|database| {
            let read = database.begin_read().map_err(unreadable)?;
            let table = match read.open_table(TABLE) {
                Ok(table) => table,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                Err(error) => return Err(unreadable(error)),
            };
            let found = table.get(name).map_err(unreadable)?;
            Ok(found.map_or_else(Vec::new, |value| value.value().to_vec()))
        })
    }

    fn write(&self, entries: &[(&str, Vec<u8>)]) -> Result<()> {
        self.with(|database| {
            let write = database.begin_write().map_err(unwritable)?;
            {
                let mut table = write.open_table(TABLE).map_err(unwritable)?;
                for (name, value) in entries {
                    table.insert(name, value.as_slice()).map_err(unwritable)?;
                }
            }
            write.commit().map_err(unwritable)
        })
    }

    /// Lets go of the file for good, so that the folder can be opened again.
    pub(super) fn close(&self) {
        *self.access() = Access::Closed;
    }

    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T>) -> Result<T> {
        let mut access = self.access();
        if matches!(*access, Access::Unopened) {
            *access = Access::Open(Box::new(self.open()?));
        }
        match &*access {
            Access::Open(database) => work(database),
            Access::Unopened | Access::Closed => Err(crate::state::closed()),
        }
    }

    fn access(&self) -> MutexGuard<'_, Access> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<Database> {
        let Some(path) = &self.path else {
            let message = "a node without a data folder cannot be in a swarm";
            return Err(Error::new(ErrorKind::Unsupported, message));
        };
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        permission::private_file(&mut options);
        let failed =
            |error| Error::io("cannot open the local database", error).with("path", path.display());
        let file = options.open(path).map_err(failed)?;
        let backend = redb::backends::FileBackend::new(file);
        let database = backend.and_then(|backend| Database::builder().create_with_backend(backend));
        database.map_err(|error| unreadable(error).with("path", path.display()))
    }
}

/// What is stored, as bytes.
struct Parts {
    roots: Vec<u8>,
    own: Vec<u8>,
    revocations: Vec<u8>,
    directory: Vec<u8>,
    floor: Vec<u8>,
    registrar: Vec<u8>,
}

impl Parts {
    fn read(&self, signer: &dyn Signer) -> Result<Membership> {
        let damaged = |what: &'static str| {
            move |denial: &dyn std::fmt::Display| {
                Error::corrupt("what is stored of the swarm cannot be read")
                    .with("part", what)
                    .with("because", denial)
            }
        };
        let roots = RootSet::decode(&self.roots).map_err(|error| damaged("root set")(&error))?;
        let revocations = Revocations::decode(&self.revocations, &roots)
            .map_err(|denial| damaged("revocations")(&denial))?;
        let floor =
            TimeFloor::decode(&self.floor).map_err(|error| damaged("time floor")(&error))?;
        let authority = Authority::new(roots, revocations, floor);
        let directory = Directory::decode(&self.directory, &authority)
            .map_err(|denial| damaged("directory")(&denial))?;
        let own = Chain::decode(&self.own).map_err(|denial| damaged("chain")(&denial))?;
        if own.device() != signer.node_id() {
            let message = "the certificate is of another device than the folder";
            return Err(Error::corrupt(message).with("certificate", own.device()));
        }
        let mut membership = Membership::new(Members::new(authority, directory), own)?;
        if let Some(registrar) = &mut membership.registrar {
            registrar
                .restore(&self.registrar)
                .map_err(|error| damaged("registrar")(&error))?;
        }
        Ok(membership)
    }
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Storage, "cannot read the local database").because(error)
}

fn unwritable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Storage, "cannot write the local database").because(error)
}

const FILE: &str = "local.redb";
const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("swarm");
