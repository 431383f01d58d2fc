//! `blobs`: large bytes, named by their hash.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use swarmlet::{Hold, Keep};

use super::values;
use crate::ask::{Errand, Place};
use crate::failure::{Failure, Result};
use crate::request::{BlobName, Blobs as Asked, Put as AskedPut, Request};
use crate::show::{Column, Layout, Shown};

/// Store, fetch and look after blobs: large bytes, named by their hash.
///
/// A blob is named by its id, or by its name: then the newest of that name is meant.
#[derive(Subcommand)]
pub(crate) enum Blobs {
    Put(Put),
    /// Write the bytes of a blob, or the files of a folder; those that are not here are fetched.
    ///
    /// Of a folder those files are written that are not there already, with these bytes; what else
    /// is there stays.
    Get {
        #[arg(value_name = "BLOB", value_parser = values::blob)]
        blob: BlobName,
        /// Where they go: a file, which appears when all is in it, a folder for a folder, or `-`.
        #[arg(value_name = "FILE", default_value = "-")]
        file: PathBuf,
        /// Give up when no bytes come for so long.
        #[arg(long, value_name = "DURATION", value_parser = values::duration)]
        within: Option<Duration>,
    },
    /// List the records of blobs, or the files of a folder.
    Ls {
        /// A folder that was stored.
        #[arg(value_name = "BLOB", value_parser = values::blob)]
        blob: Option<BlobName>,
    },
    /// Print all that is known of a blob.
    Stat {
        #[arg(value_name = "BLOB", value_parser = values::blob)]
        blob: BlobName,
    },
    /// Keep a blob on this device whatever its records say, and fetch it.
    Pin {
        #[arg(value_name = "BLOB", value_parser = values::blob)]
        blob: BlobName,
    },
    /// Take that back.
    Unpin {
        #[arg(value_name = "BLOB", value_parser = values::blob)]
        blob: BlobName,
    },
    /// Take the records of a blob back: all devices remove it, unless others keep it.
    Rm {
        #[arg(value_name = "BLOB", value_parser = values::blob)]
        blob: BlobName,
    },
    /// Print how much room blobs take on this device.
    Usage,
}

/// Store a file or a folder, and publish the record that tells of it.
///
/// A folder is stored with all files in it and in its folders: the blob is the list of them.
#[derive(Args)]
pub(crate) struct Put {
    /// The file, the folder, or `-`.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it is called [default: as the file or the folder].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What kind of bytes it is, as in `image/png`.
    #[arg(long = "type", value_name = "TYPE")]
    media_type: Option<String>,
    /// A tag of its record; may be given again.
    #[arg(long = "tag", short, value_name = "TAG")]
    tags: Vec<String>,
    /// Who holds it: everyone, on-demand, copies=COUNT, or labels=NAME=VALUE,...
    #[arg(long, value_name = "WHO", default_value = "everyone", value_parser = values::hold)]
    hold: Hold,
    /// How long: forever, while-referenced, until=TIME, until-next, or until-next=TAG,...
    #[arg(long, value_name = "HOW LONG", default_value = "forever", value_parser = values::keep)]
    keep: Keep,
    /// In whose name: a reverse DNS name.
    #[arg(long, value_name = "APP")]
    app: Option<String>,
}

impl Blobs {
    pub(super) fn into_errand(self) -> Result<Errand> {
        let (asked, layout) = match self {
            Self::Put(put) => return put.into_errand(),
            Self::Get { blob, file, within } => {
                let asked = Asked::Get {
                    blob,
                    within,
                    is_raw: false,
                };
                let errand = Errand::new(Request::Blobs(asked), Layout::Card);
                return Ok(errand.saving(Place::of(file), within));
            }
            Self::Ls { blob: None } => (Asked::Ls, Layout::Table(RECORDS)),
            Self::Ls { blob: Some(blob) } => (Asked::Files { blob }, Layout::Table(FILES)),
            Self::Stat { blob } => (Asked::Stat { blob }, Layout::Card),
            Self::Pin { blob } => (Asked::Pin { blob }, Layout::Card),
            Self::Unpin { blob } => (Asked::Unpin { blob }, Layout::Card),
            Self::Rm { blob } => (Asked::Rm { blob }, Layout::Card),
            Self::Usage => (Asked::Usage, Layout::Table(USAGE)),
        };
        Ok(Errand::new(Request::Blobs(asked), layout))
    }
}

impl Put {
    fn into_errand(self) -> Result<Errand> {
        let is_folder = self.file.is_dir();
        if is_folder && self.media_type.is_some() {
            let failure = Failure::invalid("a folder is stored with a media type of its own");
            return Err(failure.advise("leave --type out"));
        }
        let file_name = self.file.file_name();
        let file_name = file_name.map(|name| name.to_string_lossy().into_owned());
        let put = AskedPut {
            app: self.app,
            name: self.name,
            file_name: file_name.filter(|name| name != "-"),
            media_type: self.media_type,
            tags: self.tags,
            hold: self.hold,
            keep: self.keep,
        };
        let asked = match is_folder {
            true => Asked::PutFolder(put),
            false => Asked::Put(put),
        };
        let errand = Errand::new(Request::Blobs(asked), Layout::Table(STORED)).making_folder();
        Ok(match is_folder {
            true => errand.reading_folder(self.file),
            false => errand.reading(Place::of(self.file)),
        })
    }
}

const STORED: &[Column] = &[
    Column::new("blob", "BLOB", Shown::Plain),
    Column::new("size", "SIZE", Shown::Bytes),
    Column::new("name", "NAME", Shown::Plain),
];

const RECORDS: &[Column] = &[
    Column::new("blob", "BLOB", Shown::Plain),
    Column::new("size", "SIZE", Shown::Bytes),
    Column::new("here", "HERE", Shown::Plain),
    Column::new("name", "NAME", Shown::Plain),
    Column::new("type", "TYPE", Shown::Plain),
    Column::new("timestamp", "TIME", Shown::Micros),
    Column::new("hold", "HOLD", Shown::Text),
    Column::new("keep", "KEEP", Shown::Text),
];

const FILES: &[Column] = &[
    Column::new("path", "PATH", Shown::Plain),
    Column::new("size", "SIZE", Shown::Bytes),
    Column::new("here", "HERE", Shown::Plain),
    Column::new("blob", "BLOB", Shown::Plain),
];

const USAGE: &[Column] = &[
    Column::new("blobs", "BLOBS", Shown::Number),
    Column::new("bytes", "BYTES", Shown::Bytes),
    Column::new("spareBytes", "NEED NOT BE KEPT", Shown::Bytes),
    Column::new("bytesMax", "AT MOST", Shown::Bytes),
];
