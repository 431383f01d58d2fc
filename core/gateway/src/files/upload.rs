//! Taking files in: each is a blob of the node, several together a folder.

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use serde_json::json;
use swarmlet::{
    BlobInfo, BlobSize, Collection, CollectionEntry, CollectionFile, CollectionPath, Node, Payload,
    PutOptions, Tags,
};

use super::cid::{Cid, Kind};
use super::intake::Intake;
use super::media;
use super::names::AUTHOR;
use crate::events::Refusal;
use crate::limits::{UPLOAD_BYTES_MAX, UPLOAD_FILES_MAX, UPLOAD_PART_BYTES, UPLOAD_PATH_BYTES_MAX};
use crate::problem::Problem;
use crate::serving::{Connection, Pace};

/// Files on their way in.
pub(super) struct Upload<'a> {
    pub(super) node: &'a Node,
    pub(super) connection: &'a Connection,
    bytes_left: usize,
    pace: Pace,
}

/// A file that is in.
struct Stored {
    path: String,
    info: BlobInfo,
}

impl<'a> Upload<'a> {
    pub(super) fn new(node: &'a Node, connection: &'a Connection) -> Self {
        Self {
            node,
            connection,
            bytes_left: UPLOAD_BYTES_MAX,
            pace: connection.pace(),
        }
    }

    /// Takes all files of a form in. What came before one that fails stays; of one that cannot be
    /// called so nothing is stored.
    pub(super) async fn take(mut self, mut form: Multipart) -> Result<Cid, Problem> {
        let mut files: Vec<Stored> = Vec::new();
        while let Some(field) = self.next(form.next_field()).await? {
            self.pace.credit(UPLOAD_PART_BYTES);
            let path = path_of(&field)?;
            if let Some(first) = files.first() {
                // The first one could have been alone, and then been called anything.
                let first = (files.len() == 1).then_some(&first.path);
                for path in first.into_iter().chain([&path]) {
                    CollectionPath::new(path.as_str()).map_err(Problem::invalid)?;
                }
            }
            if files.len() == UPLOAD_FILES_MAX {
                let text = format!("an upload must have at most {UPLOAD_FILES_MAX} files");
                return Err(Problem::invalid(text));
            }
            files.push(self.take_file(path, field).await?);
        }
        match files.as_slice() {
            [] => Err(Problem::invalid("there is no file in the form")),
            [file] => {
                let cid = Cid {
                    kind: Kind::File,
                    id: file.info.id,
                };
                self.tell("fileAdded", &file.path, cid, &file.info).await?;
                Ok(cid)
            }
            files => self.take_folder(files).await,
        }
    }

    async fn take_file(&mut self, path: String, mut field: Field<'_>) -> Result<Stored, Problem> {
        let name = path.rsplit('/').next().unwrap_or_default();
        let blobs = self.node.blobs();
        let intake = Intake::begin(&blobs, name, field.content_type(), self.connection);
        let mut intake = intake.map_err(Refusal::from)?;
        while let Some(chunk) = self.next(field.chunk()).await? {
            self.pace.credit(chunk.len());
            self.count(chunk.len())?;
            intake = intake.take(chunk).await.map_err(Refusal::from)?;
        }
        let info = intake.finish().await.map_err(Refusal::from)?;
        Ok(Stored { path, info })
    }

    /// What comes next of the form, unless it comes too slowly.
    async fn next<T>(
        &mut self,
        part: impl Future<Output = Result<T, MultipartError>>,
    ) -> Result<T, Problem> {
        let part = self.pace.keep(part).await?;
        part.map_err(|error| Problem::invalid(error.body_text()))
    }

    async fn take_folder(&mut self, files: &[Stored]) -> Result<Cid, Problem> {
        let mut folder = Collection::new();
        for file in files {
            let path = CollectionPath::new(file.path.clone());
            let path = path.map_err(Problem::invalid)?;
            let entry = CollectionFile {
                id: file.info.id,
                size: BlobSize::new(file.info.size).map_err(Refusal::from)?,
            };
            folder.insert(path, entry).map_err(Problem::invalid)?;
        }
        let info = self.put_folder(&folder).await?;
        let cid = Cid {
            kind: Kind::Folder,
            id: info.id,
        };
        self.tell("directoryAdded", "", cid, &info).await?;
        Ok(cid)
    }

    /// Stores a folder, those in it first: each is found by an id of its own. A path is written
    /// once for each folder on the way, and counts as bytes of the upload.
    async fn put_folder(&mut self, folder: &Collection) -> Result<BlobInfo, Problem> {
        for entry in folder.entries().into_values() {
            if let CollectionEntry::Folder(below) = entry {
                Box::pin(self.put_folder(&below)).await?;
            }
        }
        let text = folder.encode();
        self.count(text.len())?;
        let options = PutOptions::new().media_type(Collection::MEDIA_TYPE);
        let put = self.node.blobs().put(text, options).await;
        Ok(put.map_err(Refusal::from)?)
    }

    /// Counts bytes of the upload.
    fn count(&mut self, bytes: usize) -> Result<(), Problem> {
        let left = self.bytes_left.checked_sub(bytes);
        self.bytes_left = left.ok_or(Problem::PayloadTooLarge {
            size: None,
            limit: UPLOAD_BYTES_MAX,
        })?;
        Ok(())
    }

    /// Publishes what apps of the predecessor look for.
    async fn tell(&self, kind: &str, name: &str, cid: Cid, info: &BlobInfo) -> Result<(), Refusal> {
        let saying = json!({
            "type": kind,
            "name": name,
            "cid": cid.to_string(),
            "size": info.size,
            "mime": info.media_type.as_deref().unwrap_or(media::UNKNOWN),
            "appId": self.node.app_id().as_str(),
        });
        let tags = Tags::new(["files", "files:created"])?;
        let node = self.node.scoped(AUTHOR.parse()?);
        node.publish(tags, Payload::from_serde(&saying)?).await?;
        Ok(())
    }
}

/// What a file is to be called.
fn path_of(field: &Field<'_>) -> Result<String, Problem> {
    let path = field.file_name().unwrap_or_default();
    let path = path.trim_start_matches('/');
    if path.is_empty() {
        return Err(Problem::invalid("a file needs a filename"));
    }
    if path.len() > UPLOAD_PATH_BYTES_MAX {
        let text = format!("a filename must have at most {UPLOAD_PATH_BYTES_MAX} bytes");
        return Err(Problem::invalid(text));
    }
    Ok(path.to_owned())
}
