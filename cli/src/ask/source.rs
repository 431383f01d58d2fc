//! The files of the person that a node gets: opened here, with the person's rights, whoever runs
//! the node, and unpacked here, so that the memory for it is not the node's.

use std::fs::File;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::errand::{Content, Place};
use super::unpack::{Unpacker, is_packed};
use crate::failure::{Failure, Result};
use crate::limits::PACKED_BYTES;

/// What a node gets.
pub(super) struct Source {
    file: Counted,
    content: Content,
    unpacking: Unpacking,
}

/// A file, how many bytes it has, if that is known, and how many were read.
struct Counted {
    bytes: Box<dyn AsyncRead + Send + Unpin>,
    size: Option<u64>,
    read: u64,
}

/// Whether the file is compressed.
enum Unpacking {
    /// Its first bytes will tell.
    Unknown,
    Plain,
    Packed(Box<Unpacker>),
}

impl Source {
    pub(super) fn open(place: &Place, content: Content) -> Result<Self> {
        Ok(Self {
            file: Counted::open(place)?,
            content,
            unpacking: match content {
                Content::Whole | Content::Folder => Unpacking::Plain,
                Content::Records => Unpacking::Unknown,
            },
        })
    }

    /// Whether what comes before damage is of use.
    pub(super) fn is_records(&self) -> bool {
        self.content == Content::Records
    }

    pub(super) fn size(&self) -> Option<u64> {
        self.file.size
    }

    /// How much of the file was read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.file.read
    }

    /// Reads as much as fits; less only before the end, and nothing there.
    pub(super) async fn fill(&mut self, chunk: &mut [u8]) -> Result<usize> {
        if matches!(self.unpacking, Unpacking::Unknown) {
            let len = self.file.fill(chunk).await?;
            if !is_packed(&chunk[..len]) {
                self.unpacking = Unpacking::Plain;
                return Ok(len);
            }
            let unpacker = Unpacker::new(chunk[..len].to_vec()).map_err(damaged)?;
            self.unpacking = Unpacking::Packed(Box::new(unpacker));
        }
        let Unpacking::Packed(unpacker) = &mut self.unpacking else {
            return self.file.fill(chunk).await;
        };
        loop {
            let len = unpacker.unpack(chunk).map_err(damaged)?;
            if len > 0 {
                return Ok(len);
            }
            let mut packed = vec![0; PACKED_BYTES];
            let len = self.file.fill(&mut packed).await?;
            packed.truncate(len);
            if packed.is_empty() {
                return unpacker.end().map(|()| 0).map_err(damaged);
            }
            unpacker.push(packed);
        }
    }
}

impl Counted {
    fn open(place: &Place) -> Result<Self> {
        let path = match place {
            Place::Standard => {
                return Ok(Self {
                    bytes: Box::new(tokio::io::stdin()),
                    size: None,
                    read: 0,
                });
            }
            Place::File(path) | Place::Member(path) => path,
        };
        let failed = |error| Failure::io(format!("cannot read {}", path.display()), error);
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            let message = format!("{} is a folder", path.display());
            return Err(Failure::invalid(message).advise("name a file"));
        }
        let file = File::open(path).map_err(failed)?;
        Ok(Self {
            bytes: Box::new(tokio::fs::File::from_std(file)),
            size: metadata.is_file().then_some(metadata.len()),
            read: 0,
        })
    }

    /// Reads as much as fits; less only at the end.
    async fn fill(&mut self, chunk: &mut [u8]) -> Result<usize> {
        let mut len = 0;
        while len < chunk.len() {
            let read = self.bytes.read(&mut chunk[len..]).await;
            match read.map_err(|error| Failure::io("cannot read the file", error))? {
                0 => break,
                read => len += read,
            }
        }
        self.read += len as u64;
        Ok(len)
    }
}

fn damaged(error: io::Error) -> Failure {
    Failure::invalid(format!("the compressed file is damaged: {error}"))
}
