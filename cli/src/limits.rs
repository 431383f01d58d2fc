//! Every bound and period of the command, with the reason for its value. Nothing here computes.

use std::time::Duration;

/// Bytes of one frame between the command and a node. The largest thing in one is an event that is
/// exported: a payload of 1 MiB, of which JSON writes each byte as up to six, with its CBOR in
/// twice as many digits, and 256 tags of 1 KiB.
pub(crate) const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of a blob or of a file of events in one frame: as many as a blob is read by.
pub(crate) const CHUNK_BYTES: usize = 64 * 1024;

/// Frames from the command that wait to be looked at: who sends faster waits in its socket.
pub(crate) const FRAMES_AHEAD: usize = 4;

/// Bytes between the command and a node in the same process: some chunks, so that both work at the
/// same time.
pub(crate) const PIPE_BYTES: usize = 4 * CHUNK_BYTES;

/// Commands that a running node answers at a time. Each costs a task, a descriptor and some chunks.
pub(crate) const COMMANDS_MAX: usize = 64;

/// How many of them may be such as go on until somebody ends them: the others are left for those
/// that come and go, as for `status`, which is most wanted when there is too much else.
#[cfg(unix)]
pub(crate) const COMMANDS_LASTING_MAX: usize = COMMANDS_MAX - 16;

/// Commands that wait for their turn at a time; more wait to be accepted.
pub(crate) const COMMANDS_WAITING_MAX: usize = 64;

/// How long a command waits for its turn before it is refused: most take far less, and those that
/// do not end by themselves may never make room.
pub(crate) const TURN_WITHIN: Duration = Duration::from_secs(1);

/// How long a node waits for the request after somebody has connected: it is sent at once.
pub(crate) const REQUEST_WITHIN: Duration = Duration::from_secs(10);

/// Rows that are read, written and shown together.
pub(crate) const ROWS_AT_ONCE: usize = 256;

/// How long a command waits for a folder that another one has open: long enough for a command that
/// is about to end, and for a node that is being started.
pub(crate) const FOLDER_WAIT: Duration = Duration::from_secs(5);

/// How often it looks.
pub(crate) const FOLDER_LOOK: Duration = Duration::from_millis(50);

/// How long an import waits for another one: what one that was killed has sent before is published
/// in less, and one that goes on is not waited for.
pub(crate) const IMPORT_WAIT: Duration = Duration::from_secs(10);

/// Rows of one page of a table: the widths of its columns are known when all of them are, and they
/// are kept until then.
pub(crate) const TABLE_ROWS: usize = 1_000;

/// Bytes of the rows of one page: few rows of large payloads are a page as well.
pub(crate) const TABLE_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of what is given for a payload or a query in a file: what a frame can take, with room for
/// the rest of it.
pub(crate) const TEXT_BYTES_MAX: u64 = FRAME_BYTES_MAX as u64 / 2;

/// Bytes of the settings of a folder: far above what people write.
pub(crate) const SETTINGS_BYTES_MAX: u64 = 256 * 1024;

/// How long a node that is asked to stop waits for commands that are being answered, so that who
/// waits learns why.
pub(crate) const STOP_WITHIN: Duration = Duration::from_secs(2);

/// Bytes of the path of a socket, the shortest that any system allows.
#[cfg(unix)]
pub(crate) const SOCKET_PATH_BYTES: usize = 100;

/// Bytes of a compressed file that are read at once, and of what comes out of it. What is unpacked
/// needs as much memory as was chosen when it was packed: at most 128 MiB, in the command.
pub(crate) const PACKED_BYTES: usize = CHUNK_BYTES;

/// Events of an import that are published together, all or none, with one sync: few enough that a
/// cut off import has little to repeat.
pub(crate) const IMPORT_EVENTS: usize = 1_024;

/// Bytes of their lines; one line more may be in it, and together they stay below the 4 MiB of one
/// call of the node.
pub(crate) const IMPORT_BYTES: usize = 1024 * 1024;

/// Nesting of a record of a dump: far above that of a payload, so that one that is too deep is an
/// event that is refused and can be left out, and not the end of the dump.
pub(crate) const DUMP_DEPTH_MAX: usize = 1_024;

/// Tags of an event of a dump, which has each of them once: as many as an event can have.
pub(crate) const DUMP_TAGS_MAX: usize = 256;

/// Devices of a demo: each is a node with threads and files of its own, in one process.
pub(crate) const DEMO_DEVICES_MAX: u64 = 10;

/// How long a device of a demo waits to be let in: the first is in the same process.
pub(crate) const DEMO_JOIN_WITHIN: Duration = Duration::from_secs(30);

/// How often a demo says how it goes.
pub(crate) const DEMO_PERIOD: Duration = Duration::from_secs(1);

/// Latencies of which a demo tells: those of some seconds, so that one of each hundred is seen.
pub(crate) const DEMO_LATENCIES: usize = 1_000;

/// Records of a dump that are looked for in the log together. Where the times of a dump are in no
/// order at all, each time reads the whole log, so there should be few; and they are kept so long.
pub(crate) const RESUME_RECORDS: usize = 16 * 1024;

/// Bytes of these, little beside the 64 MiB of a node; one record more may be in it.
pub(crate) const RESUME_BYTES: usize = 8 * 1024 * 1024;

/// Spans of time that they are looked for in. Each is a query; the gaps that are worth leaving out,
/// such as that of a clock that began at 1970, are few.
pub(crate) const RESUME_SPANS: usize = 16;
