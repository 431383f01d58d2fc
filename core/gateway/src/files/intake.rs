//! A blob on its way in: its bytes are written as they come, so that few of them are held.

use bytes::Bytes;
use swarmlet::{BlobInfo, BlobWriter, Blobs, ErrorKind, PutOptions, Result};

use super::media;
use crate::background::in_background;
use crate::serving::Connection;

/// A blob that is being received. Dropped before its end, it leaves nothing.
pub(crate) struct Intake {
    writer: BlobWriter,
    connection: Connection,
}

impl Intake {
    /// Begins a blob of the bytes of a connection. What it cannot be called, or be, is left out:
    /// its bytes count.
    pub(crate) fn begin(
        blobs: &Blobs,
        name: &str,
        said: Option<&str>,
        connection: &Connection,
    ) -> Result<Self> {
        let said = said.filter(|kind| *kind != media::UNKNOWN);
        let named = PutOptions::new().name(name);
        let options = match said.or_else(|| media::of_name(name)) {
            Some(media_type) => named.clone().media_type(media_type),
            None => named.clone(),
        };
        let begun = [options, named]
            .into_iter()
            .map(|options| blobs.writer(options))
            .find(
                |begun| !matches!(begun, Err(error) if error.kind() == ErrorKind::InvalidArgument),
            );
        let writer = begun.unwrap_or_else(|| blobs.writer(PutOptions::new()))?;
        Ok(Self {
            writer,
            connection: connection.clone(),
        })
    }

    /// Writes what came.
    pub(crate) async fn take(self, chunk: Bytes) -> Result<Self> {
        let Self {
            mut writer,
            connection,
        } = self;
        let write = move || writer.write(&chunk).map(|()| writer);
        let writer = in_background(write).await?;
        connection.inflow.settle();
        Ok(Self { writer, connection })
    }

    /// All bytes came: the blob is there, and its record tells of it.
    pub(crate) async fn finish(self) -> Result<BlobInfo> {
        in_background(move || self.writer.finish_blocking()).await
    }
}
