//! Every bound and period of the gateway, with the reason for its value.
//!
//! Nothing in this module computes. What events, tags and queries may be is the node's business.

use std::time::Duration;

/// Bytes of a request that publishes: the 4 MiB that the node takes at once, written as JSON.
pub(crate) const PUBLISH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Events of such a request: what the node takes at once.
pub(crate) const PUBLISH_EVENTS_MAX: usize = 16 * 1024;

/// In how many other values a payload is in a request in JSON: an event, a list, the request.
pub(crate) const PAYLOAD_LEVELS: usize = 3;

/// Kilobytes of requests that wait for the disk, of all clients together: two of the largest, so
/// that one can be parsed while another is written.
pub(crate) const PUBLISHING_KB_MAX: usize = 2 * PUBLISH_BYTES_MAX / 1024;

/// Bytes of any other request of events: a query text of 64 KiB, and offsets of thousands of
/// streams.
pub(crate) const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of a manifest: a few names, and a signature with the domains of its developer.
pub(crate) const MANIFEST_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a name or version in a manifest: one line for people.
pub(crate) const LABEL_BYTES_MAX: usize = 256;

/// Connections at a time. When there are more, one that is idle or has shown no token makes room,
/// so it is a bound of what is being done: each app holds one or two, each browser six.
pub(crate) const CONNECTIONS_MAX: usize = 256;

/// Connections beyond these, while all are busy, for what is short and must not be locked out:
/// health, measurements, the page, and telling apps that there is no room.
pub(crate) const SPARE_CONNECTIONS_MAX: usize = 16;

/// How long such a connection is there: one request, and one answer.
pub(crate) const SPARE_TIME_MAX: Duration = Duration::from_secs(10);

/// Bytes that were received and not dealt with, of all connections together: two of the largest
/// requests, in a quarter of what a node may use.
pub(crate) const INFLOW_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of that which a connection has of its own: the usual request needs nothing else.
pub(crate) const INFLOW_OWN_BYTES: usize = 64 * 1024;

/// Bytes of answers that wait to be sent, of all connections together, beside what each has of its
/// own: some of the largest events there are, or the largest that an app keeps, in a quarter of
/// what a node may use. Files, which are sent in pieces of 64 KiB, the page, measurements and
/// refusals draw nothing.
pub(crate) const OUTFLOW_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of answers that a connection may have waiting of its own: with all 272 connections 17 MiB,
/// about as much as all share.
pub(crate) const OUTFLOW_OWN_BYTES: usize = 64 * 1024;

/// Bytes in which all that is shared is counted, rounded up.
pub(crate) const FLOW_STEP_BYTES: usize = 64 * 1024;

/// How long it takes to begin to take a large answer: others may wait for its room.
pub(crate) const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// Bytes of a large answer that a client takes in a second: a slow network, at the edge of a hall.
pub(crate) const ANSWER_BYTES_PER_SEC_MIN: usize = 128 * 1024;

/// Bytes of an upload that a client sends in a second: what a phone far from its mast can do.
pub(crate) const UPLOAD_BYTES_PER_SEC_MIN: usize = 16 * 1024;

/// Bytes that the head of a part of an upload counts for.
pub(crate) const UPLOAD_PART_BYTES: usize = 256;

/// How long room to publish and for the answer is waited for, together: a disk that was slow for
/// so long is overloaded, and the predecessor's clients wait and repeat a request that is refused
/// for that.
pub(crate) const PUBLISH_WAIT_MAX: Duration = Duration::from_secs(10);

/// Bytes of what is said of an event that was published, about: lamport, stream, offset and time.
pub(crate) const PUBLISHED_BYTES: usize = 192;

/// Bytes of a text that says what is wrong with a request, which may repeat a part of it.
pub(crate) const MESSAGE_BYTES_MAX: usize = 4 * 1024;

/// Bytes of the name of a machine, and of each part of it: what there can be in the internet.
pub(crate) const HOST_BYTES_MAX: usize = 253;
pub(crate) const HOST_PART_BYTES_MAX: usize = 63;

/// How long browsers remember which requests of a page were allowed, in seconds.
pub(crate) const PREFLIGHT_SECS: &str = "3600";

/// How long a token is good, as with the predecessor: clients ask for another when it is over.
pub(crate) const TOKEN_VALID: Duration = Duration::from_secs(24 * 3600);

/// How long a token has to be good: they say for how many seconds.
pub(crate) const TOKEN_VALID_MIN: Duration = Duration::from_secs(1);

/// How long the link to the page for people is good: a working day, after which nobody who finds it
/// in a window that was left open can do anything with it.
pub(crate) const PERSON_TOKEN_VALID: Duration = Duration::from_secs(12 * 3600);

/// Bytes of what the page says with a call: what a device may do, its labels, or why it is put
/// out. A certificate has room for two thousand.
pub(crate) const PAGE_REQUEST_BYTES_MAX: usize = 16 * 1024;

/// Devices, streams or blobs that the page is told of at once, each in some hundred bytes: more
/// than people look through.
pub(crate) const PAGE_ROWS_MAX: usize = 1000;

/// Bytes of a file that is stored by the page: a film. They go to the disk as they come; what is
/// larger is for the command, which can show how far it is.
pub(crate) const PAGE_UPLOAD_BYTES_MAX: usize = 2 * 1024 * 1024 * 1024;

/// How far in the future a token may have been made: clocks are set back by that much without
/// anybody doing it on purpose.
pub(crate) const CLOCK_SKEW_MAX: Duration = Duration::from_secs(60);

/// Characters of a token that an error repeats: enough to recognise it.
pub(crate) const TOKEN_SHOWN_MAX: usize = 256;

/// How long it takes to send a request's body: a slow network sends 8 MiB in that time.
pub(crate) const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// How long it takes to send a request's head, also on a connection that was used before: clients
/// open another one without noticing.
pub(crate) const HEAD_TIME_MAX: Duration = Duration::from_secs(15);

/// Bytes of a request's head, about: a token, and the headers of a browser.
pub(crate) const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Headers of a request: browsers send twenty.
pub(crate) const HEADERS_MAX: usize = 100;

/// How long the requests that are being answered have when the gateway is closed.
pub(crate) const CLOSE_TIME_MAX: Duration = Duration::from_secs(5);

/// Results that are asked of the node at once: they become one write.
pub(crate) const RESULTS_AT_ONCE: usize = 128;

/// Results that are asked for first, when nobody knows how large they are.
pub(crate) const RESULTS_FIRST: usize = 1;

/// Bytes of results that are asked for at once, about: of larger results it is one. Two such
/// answers are what a connection has room for of its own.
pub(crate) const RESULTS_BYTES_WANTED: usize = 32 * 1024;

/// Reads of what is there, of all clients together: each may hold the megabytes of one commit to
/// find a few bytes. A read is short, and no client is waited for in one but for a large answer.
pub(crate) const READS_MAX: usize = 4;

/// Streams of results that are open at a time, of all clients together, queries and subscriptions:
/// some apps with hundreds, of which each takes some kilobytes.
pub(crate) const STREAMS_MAX: usize = 2048;

/// Bytes of a request that one stream of results stands for; of larger ones, which are held in many
/// shapes as long as the stream is open, there may be fewer.
pub(crate) const STREAM_REQUEST_BYTES: usize = 4 * 1024;

/// How long a stream of results may be silent: clients take a longer silence for a dead connection.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Bytes of an event that a subscription keeps for one more read, to say of it whether it is the
/// newest: what an event of an app has. With all streams eight megabytes.
pub(crate) const NEWEST_KEPT_BYTES_MAX: usize = 4 * 1024;

/// How long accepting rests after it failed, as it does when the process has no more descriptors.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Sockets that are open at a time: apps need one each, and every tab of a browser is an app.
pub(crate) const SOCKETS_MAX: usize = 128;

/// Requests that are answered at a time on one socket: an app with some hundred subscriptions.
pub(crate) const SOCKET_REQUESTS_MAX: usize = 512;

/// Characters of what a socket asked for that an answer repeats: enough to recognise it.
pub(crate) const ENDPOINT_SHOWN_MAX: usize = 256;

/// Frames that wait to be sent on one socket: enough to keep it busy.
pub(crate) const SOCKET_FRAMES_QUEUED: usize = 4;

/// Requests on one socket that make answers of what is there or wait for them to be sent; the
/// others wait for their turn, and hold none. With two, one is made while another is sent.
pub(crate) const SOCKET_READS_MAX: usize = 2;

/// Bytes of the buffers of one socket, for reading and for writing: some frames of usual events.
pub(crate) const SOCKET_BUFFER_BYTES: usize = 16 * 1024;

/// How often a socket is pinged: routers forget silent connections after a minute or more.
pub(crate) const SOCKET_PING_PERIOD: Duration = Duration::from_secs(30);

/// How long a socket may be silent, its answers to pings included: two of them got lost.
pub(crate) const SOCKET_SILENCE_MAX: Duration = Duration::from_secs(75);

/// How long a client may take nothing of what it asked for: longer than a busy tablet stands still.
pub(crate) const WRITE_TIME_MAX: Duration = Duration::from_secs(60);

/// How old what is told of the room that blobs take may be: seeing it means looking at every file.
pub(crate) const USAGE_PERIOD: Duration = Duration::from_secs(60);

/// Bytes of what an app keeps under one name, as with the predecessor: the state of a large fish.
pub(crate) const SNAPSHOT_BYTES_MAX: usize = 10 * 1024 * 1024;

/// Bytes of the file of what apps keep that are held in memory: the inner pages; what is in it is
/// read once in the life of an app.
pub(crate) const SNAPSHOTS_CACHE_BYTES: usize = 1024 * 1024;

/// Bytes of that when it was compressed: the predecessor allowed half of it, and took a hundred
/// times as long to compress it.
pub(crate) const SNAPSHOT_COMPRESSED_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Bytes of all that apps keep, compressed: what can be made again from events must not fill the
/// disk for them.
pub(crate) const SNAPSHOTS_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Bytes that each of them costs beside its name and its content.
pub(crate) const SNAPSHOT_OVERHEAD_BYTES: u64 = 128;

/// Bytes of a name of what an app keeps, and parts of it.
pub(crate) const SNAPSHOT_PATH_BYTES_MAX: usize = 1024;
pub(crate) const SNAPSHOT_PATH_PARTS_MAX: usize = 32;

/// Names that are looked at to list a folder: an answer of a megabyte.
pub(crate) const SNAPSHOTS_LISTED_MAX: usize = 10_000;

/// Bytes of a media type: longer ones are no longer a type.
pub(crate) const MEDIA_TYPE_BYTES_MAX: usize = 256;

/// Bytes of all files of one upload, as with the predecessor.
pub(crate) const UPLOAD_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Files of one upload: a web app with all its pictures. Of each a name is held until the end.
pub(crate) const UPLOAD_FILES_MAX: usize = 4096;

/// Bytes of an upload as it is sent: its files, and of each a name of usual length with what is
/// around it.
pub(crate) const UPLOAD_FORM_BYTES_MAX: usize = UPLOAD_BYTES_MAX + UPLOAD_FILES_MAX * 1024;

/// Bytes of the path of one of them, as in a folder of blobs.
pub(crate) const UPLOAD_PATH_BYTES_MAX: usize = 1024;

/// Bytes of a name for a file: one part of an address, and a tag.
pub(crate) const FILE_NAME_BYTES_MAX: usize = 255;

/// How long it is waited for bytes of a file that other devices have: longer than a peer needs to
/// be found and asked, shorter than people wait.
pub(crate) const FETCH_TIME_MAX: Duration = Duration::from_secs(30);
