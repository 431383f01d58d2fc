//! Grants: what a device that is let in will be called and may do.

use std::collections::BTreeMap;

use super::capabilities::Capabilities;
use super::cbor::{Reader, Writer};
use super::certificate::{read_labels, read_name, write_labels};
use super::limits::{GRANT_BYTES_MAX, LABELS_MAX};
use super::name::Name;
use crate::error::{Error, Result};
use crate::event::codec::Malformed;

/// What goes into the certificate of a device that is let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// What it is called; otherwise what it calls itself.
    pub name: Option<Name>,
    /// What it may do.
    pub capabilities: Capabilities,
    /// What the operator says about it.
    pub labels: BTreeMap<Name, Name>,
}

impl Grant {
    /// What a plain member gets.
    #[must_use]
    pub fn member() -> Self {
        Self {
            capabilities: Capabilities::member(),
            ..Self::default()
        }
    }

    /// Refuses what does not fit a certificate or exceeds what the issuer has itself.
    pub(super) fn check(&self, issuer: &Capabilities) -> Result<()> {
        if !issuer.covers(&self.capabilities) {
            return Err(Error::invalid("an issuer cannot grant more than it has")
                .with("granted", &self.capabilities)
                .with("has", issuer));
        }
        let mut out = Writer::new();
        self.write(&mut out);
        let bytes = out.finish().len();
        if bytes > GRANT_BYTES_MAX || self.labels.len() > LABELS_MAX {
            let message = "rights and labels do not fit a certificate: shorten them";
            return Err(Error::invalid(message).with("bytes", bytes));
        }
        Ok(())
    }

    /// Appends an array of the name or nothing, the capabilities and the labels.
    pub(super) fn write(&self, out: &mut Writer) {
        out.array(3).array(usize::from(self.name.is_some()));
        if let Some(name) = &self.name {
            out.text(name.as_str());
        }
        self.capabilities.write(out);
        write_labels(&self.labels, out);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.array(3)?;
        let name = match reader.array(1)? {
            0 => None,
            _ => Some(read_name(reader)?),
        };
        Ok(Self {
            name,
            capabilities: Capabilities::read(reader)?,
            labels: read_labels(reader)?,
        })
    }
}
