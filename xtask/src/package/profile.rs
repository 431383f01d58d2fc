//! How what is packed was built.

/// The profile of cargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Profile {
    /// As tests build it: quick to make, to try the packages themselves.
    Dev,
    /// As it is published.
    Release,
}

impl Profile {
    /// What cargo is told.
    pub(crate) fn options(self) -> &'static [&'static str] {
        match self {
            Self::Dev => &[],
            Self::Release => &["--release"],
        }
    }

    /// What cargo calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }
}
