//! Where commands find the node that runs: a socket in its data folder.
//!
//! The folder is its owner's only, the socket as well, and who connects is asked for their user; so
//! who can use it could read the folder itself. There is no socket where the system has none that
//! belongs to a folder (Windows): there a command works while no node runs.

#[cfg(unix)]
mod unix {
    use std::fs::{self, File, Permissions};
    use std::io;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{Path, PathBuf};

    use swarmlet::ErrorKind;
    use tokio::net::{UnixListener, UnixStream};

    use crate::failure::{Failure, Result};
    use crate::limits::SOCKET_PATH_BYTES;
    use crate::wire;

    /// The socket of a folder whose node is ours.
    pub(crate) struct Socket {
        listener: UnixListener,
        path: PathBuf,
    }

    /// Connects to the node that runs in `folder`; nothing if none does.
    pub(crate) async fn connect(folder: &Path) -> Result<Option<UnixStream>> {
        let path = folder.join(NAME);
        if !path.exists() {
            return Ok(None);
        }
        let connect = async {
            let short = ShortPath::of(&path)?;
            UnixStream::connect(short.path()).await
        };
        match connect.await {
            Ok(stream) => Ok(Some(stream)),
            // Nobody listens: the node that made it was killed.
            Err(error) if is_left(&error) => Ok(None),
            Err(error) => Err(Failure::io("cannot reach the node that runs", error)),
        }
    }

    impl Socket {
        /// Listens in a folder, which must be locked by us: then a socket that is there is one that
        /// was left.
        pub(crate) fn bind(folder: &Path) -> Result<Self> {
            let path = folder.join(NAME);
            let bind = || {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
                let listener = UnixListener::bind(ShortPath::of(&path)?.path())?;
                fs::set_permissions(&path, Permissions::from_mode(0o600))?;
                Ok(listener)
            };
            let listener =
                bind().map_err(|error| Failure::io("cannot listen for commands", error))?;
            Ok(Self { listener, path })
        }

        /// The next who connects and may; others are told that they may not.
        pub(crate) async fn accept(&self) -> io::Result<UnixStream> {
            loop {
                let (stream, _) = self.listener.accept().await?;
                let user = stream.peer_cred()?.uid();
                let own = rustix::process::geteuid().as_raw();
                if user == own || user == ROOT {
                    return Ok(stream);
                }
                tracing::warn!(user, "a command of another user was refused");
                let message = format!("the node belongs to another user, whose number is {own}");
                let failure = Failure::new(ErrorKind::PermissionDenied, message);
                // It fits into the buffer of a socket, so nobody waits for it to be read.
                let _ = wire::refuse(stream, &failure).await;
            }
        }
    }

    impl Drop for Socket {
        fn drop(&mut self) {
            if let Err(error) = fs::remove_file(&self.path) {
                tracing::debug!(%error, "cannot remove the socket");
            }
        }
    }

    /// A path that fits a socket's address: where it is too long, by way of its open folder.
    struct ShortPath {
        path: PathBuf,
        _folder: Option<File>,
    }

    impl ShortPath {
        fn of(path: &Path) -> io::Result<Self> {
            if path.as_os_str().as_bytes().len() <= SOCKET_PATH_BYTES {
                let path = path.to_owned();
                return Ok(Self {
                    path,
                    _folder: None,
                });
            }
            Self::by_folder(path)
        }

        #[cfg(target_os = "linux")]
        fn by_folder(path: &Path) -> io::Result<Self> {
            use std::os::fd::AsRawFd as _;

            let folder = File::open(path.parent().unwrap_or(Path::new(".")))?;
            let short = format!("/proc/self/fd/{}/{NAME}", folder.as_raw_fd());
            Ok(Self {
                path: short.into(),
                _folder: Some(folder),
            })
        }

        #[cfg(not(target_os = "linux"))]
        fn by_folder(_path: &Path) -> io::Result<Self> {
            let message = "the path of the folder is too long for a socket: choose a shorter one, \
                           or go there and name it `.`";
            Err(io::Error::new(io::ErrorKind::InvalidFilename, message))
        }

        fn path(&self) -> &Path {
            &self.path
        }
    }

    fn is_left(error: &io::Error) -> bool {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
        )
    }

    /// Who may do everything anyway.
    const ROOT: u32 = 0;

    const NAME: &str = "command.sock";
}

#[cfg(unix)]
pub(crate) use unix::{Socket, connect};

/// Connects to the node that runs in `folder`; here there is no way to.
#[cfg(not(unix))]
pub(crate) async fn connect(
    _folder: &std::path::Path,
) -> crate::failure::Result<Option<tokio::io::DuplexStream>> {
    Ok(None)
}
