//! The node.

use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use swarmlet::{ErrorKind, NewEvent, Published, StreamId};
use swarmlet_facade::{Failure, Follow, Pending, Result, guarded};

use crate::callbacks;
use crate::cursor::Cursor;
use crate::event::{Draft, Receipts, drafts, receipts, swarmlet_receipts_free};
use crate::explain::{Explanation, explanation};
use crate::failure::{entry, given, place, quiet, remember};
use crate::kept::{Kept, List, Shelf};
use crate::metrics::{Metrics, metrics};
use crate::offsets::Offsets;
use crate::options::{NodeOptions, node_options};
use crate::query::{GivenQuery, GivenSubscription, query_options, subscribe_options};
use crate::status::Status;
use crate::text::{Text, missing, string};
use crate::users::User;
use crate::waiting::{limit, wait_for};

/// Publishes that were started and not answered, at most: more is a queue without bound.
const UNANSWERED_PUBLISHES_MAX: usize = 4096;
/// Bytes in them, at most: what the memory of a node is to stay below leaves room for no more.
const UNANSWERED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A handle of an open node: a durable log of events in a folder of its own. May be used from any
/// thread, by many at once. A forked child has to open a node of its own.
pub struct Node {
    node: swarmlet_facade::Node,
    started: Arc<Started>,
}

/// A stream of which something is here.
#[repr(C)]
pub struct StreamInfo {
    /// Its id.
    pub id: Text,
    /// Its name.
    pub name: Text,
    /// The first offset still here.
    pub first: u64,
    /// The last offset.
    pub last: u64,
}

/// The streams of which something is here.
#[repr(C)]
pub struct Streams {
    /// The streams.
    pub items: *const StreamInfo,
    /// How many there are.
    pub count: usize,
}

/// So many events of a stream.
#[repr(C)]
pub struct StreamCount {
    /// The id of the stream.
    pub stream: Text,
    /// How many events.
    pub events: u64,
}

/// How far a node is.
#[repr(C)]
pub struct OffsetsState {
    /// For each stream the last offset that is here without a gap. It belongs to the state.
    pub present: *const Offsets,
    /// How many events of each stream other nodes have and this one does not yet.
    pub to_replicate: *const StreamCount,
    /// How many streams that are.
    pub to_replicate_count: usize,
}

/// Is told once what became of an asynchronous publish: `SWARMLET_STATUS_OK` with receipts, which
/// are freed after the callback returns, or an error and NULL. Called on the one thread of the
/// library, under no lock; it may call everything.
pub type PublishCallback =
    Option<extern "C" fn(user: *mut c_void, status: Status, receipts: *const Receipts)>;

impl Node {
    fn new(node: swarmlet_facade::Node) -> Self {
        Self {
            node,
            started: Arc::default(),
        }
    }

    pub(crate) fn facade(&self) -> &swarmlet_facade::Node {
        &self.node
    }
}

/// Opens the node of the folder at `path`, which is made on first use, and recovers its log.
/// `options` may be NULL. Close the node with `swarmlet_node_close`, then free it with
/// `swarmlet_node_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_open(
    path: Text,
    options: *const NodeOptions,
    out: Option<&mut MaybeUninit<*mut Node>>,
) -> Status {
    entry("open", || {
        let out = place(out, "out")?;
        // SAFETY: the rules of the header hold for texts and options.
        let (path, options) = unsafe { (path.read("path")?, node_options(options)?) };
        let path = PathBuf::from(path);
        let opened = wait_for(|completion| swarmlet_facade::open(path, options, completion))?;
        out.write(Box::into_raw(Box::new(Node::new(opened))));
        Ok(())
    })
}

/// The identity of this device, 43 characters; free it with `swarmlet_string_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_id(
    node: Option<&Node>,
    out: Option<&mut MaybeUninit<*mut c_char>>,
) -> Status {
    entry("id", || {
        let (node, out) = (given(node, "node")?, place(out, "out")?);
        out.write(string(&node.node.id()?.to_string()));
        Ok(())
    })
}

/// The app in whose name this handle publishes; free it with `swarmlet_string_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_app_id(
    node: Option<&Node>,
    out: Option<&mut MaybeUninit<*mut c_char>>,
) -> Status {
    entry("app_id", || {
        let (node, out) = (given(node, "node")?, place(out, "out")?);
        out.write(string(node.node.app_id()?.as_str()));
        Ok(())
    })
}

/// A handle of the same node for another app, to be freed like the first. Closing either closes the
/// node.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_scoped(
    node: Option<&Node>,
    app_id: Text,
    out: Option<&mut MaybeUninit<*mut Node>>,
) -> Status {
    entry("scoped", || {
        let (node, out) = (given(node, "node")?, place(out, "out")?);
        // SAFETY: the rules of the header hold for texts.
        let app_id = unsafe { app_id.read("app_id")? };
        let scoped = Node {
            node: node.node.scoped(app_id)?,
            started: node.started.clone(),
        };
        out.write(Box::into_raw(Box::new(scoped)));
        Ok(())
    })
}

/// Publishes events together; they are durable when this returns: after a crash all of them are
/// there, or none. At most 16384 events and 4 MiB. `out` may be NULL where nobody wants the
/// receipts, which else are to be freed with `swarmlet_receipts_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_publish(
    node: Option<&Node>,
    events: *const Draft,
    count: usize,
    out: Option<&mut MaybeUninit<*mut Receipts>>,
) -> Status {
    entry("publish", || {
        let node = given(node, "node")?;
        // SAFETY: the rules of the header hold for events.
        let events = unsafe { drafts(events, count)? };
        let published = wait_for(|completion| node.node.publish(events, completion))?;
        if let Some(out) = out {
            out.write(receipts(&published));
        }
        Ok(())
    })
}

/// Starts to publish events together and returns at once; `callback` is told when they are durable.
/// Of calls made one after the other the events come in that order. If this fails, the callback is
/// not called: with `SWARMLET_STATUS_OVERLOADED` where 4096 calls or 32 MiB of this node are not
/// answered yet.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_publish_async(
    node: Option<&Node>,
    events: *const Draft,
    count: usize,
    callback: PublishCallback,
    user: *mut c_void,
) -> Status {
    entry("publish", || {
        let node = given(node, "node")?;
        let callback = callback.ok_or_else(|| missing("callback"))?;
        // SAFETY: the rules of the header hold for events.
        let events = unsafe { drafts(events, count)? };
        callbacks::start()?;
        let permit = node.started.take(&events)?;
        let user = User::new(user, None);
        node.node.publish(
            events,
            Box::new(move |outcome| {
                callbacks::post(Box::new(move || {
                    drop(permit);
                    tell(callback, &user, outcome);
                }));
            }),
        );
        Ok(())
    })
}

fn tell(
    callback: extern "C" fn(*mut c_void, Status, *const Receipts),
    user: &User,
    outcome: Result<Vec<Published>>,
) {
    // A panic is an answer too: whoever published waits for one.
    let answer = outcome.and_then(|published| guarded("publish", || Ok(receipts(&published))));
    match answer {
        Ok(receipts) => {
            callback(user.pointer(), Status::Ok, receipts);
            swarmlet_receipts_free(receipts);
        }
        Err(failure) => {
            let status = remember("publish", failure);
            callback(user.pointer(), status, std::ptr::null());
        }
    }
}

/// What was started and is not answered yet.
#[derive(Default)]
struct Started {
    publishes: AtomicUsize,
    bytes: AtomicUsize,
}

/// The right to one publish that is not answered yet.
struct Permit {
    started: Arc<Started>,
    bytes: usize,
}

impl Started {
    fn take(self: &Arc<Self>, events: &[NewEvent]) -> Result<Permit> {
        let bytes =
            |event: &NewEvent| event.tags.as_encoded().len() + event.payload.as_cbor().len();
        let bytes = events.iter().map(bytes).sum();
        let publishes = self.publishes.fetch_add(1, Ordering::Relaxed);
        let others = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let permit = Permit {
            started: self.clone(),
            bytes,
        };
        if publishes >= UNANSWERED_PUBLISHES_MAX
            || others.saturating_add(bytes) > UNANSWERED_BYTES_MAX
        {
            let message = "too many publishes are not answered yet";
            let failure = Failure::new(ErrorKind::Overloaded, "", message);
            let failure = failure.with("publishes", publishes.to_string());
            return Err(failure.with("bytes", others.to_string()));
        }
        Ok(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.started.publishes.fetch_sub(1, Ordering::Relaxed);
        self.started.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Starts a query over what is present now. `options` may be NULL. Free the cursor with
/// `swarmlet_cursor_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_query(
    node: Option<&Node>,
    aql: Text,
    options: *const GivenQuery,
    out: Option<&mut MaybeUninit<*mut Cursor>>,
) -> Status {
    entry("query", || {
        let (node, out) = (given(node, "node")?, place(out, "out")?);
        // SAFETY: the rules of the header hold for texts and options.
        let (aql, options) = unsafe { (aql.read("aql")?, query_options(options)?) };
        out.write(Cursor::give(node.node.query(aql, options)?));
        Ok(())
    })
}

/// All results after the given offsets: of what is present, then of what comes. `options` may be
/// NULL. Free the cursor with `swarmlet_cursor_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_subscribe(
    node: Option<&Node>,
    aql: Text,
    options: *const GivenSubscription,
    out: Option<&mut MaybeUninit<*mut Cursor>>,
) -> Status {
    follow(node, aql, options, out, Follow::All)
}

/// As `swarmlet_node_subscribe`, in the order of event keys also between streams. It ends when an
/// event arrives that sorts before one that was delivered.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_subscribe_monotonic(
    node: Option<&Node>,
    aql: Text,
    options: *const GivenSubscription,
    out: Option<&mut MaybeUninit<*mut Cursor>>,
) -> Status {
    follow(node, aql, options, out, Follow::Monotonic)
}

/// The latest result of a query by event key, if there is one, and then every later one. Else as
/// `swarmlet_node_subscribe`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_observe_latest(
    node: Option<&Node>,
    aql: Text,
    options: *const GivenSubscription,
    out: Option<&mut MaybeUninit<*mut Cursor>>,
) -> Status {
    follow(node, aql, options, out, Follow::Latest)
}

/// The earliest result of a query by event key; another one if an older event arrives. Else as
/// `swarmlet_node_subscribe`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_observe_earliest(
    node: Option<&Node>,
    aql: Text,
    options: *const GivenSubscription,
    out: Option<&mut MaybeUninit<*mut Cursor>>,
) -> Status {
    follow(node, aql, options, out, Follow::Earliest)
}

fn follow(
    node: Option<&Node>,
    aql: Text,
    options: *const GivenSubscription,
    out: Option<&mut MaybeUninit<*mut Cursor>>,
    follow: Follow,
) -> Status {
    entry("subscribe", || {
        let (node, out) = (given(node, "node")?, place(out, "out")?);
        // SAFETY: the rules of the header hold for texts and options.
        let (aql, options) = unsafe { (aql.read("aql")?, subscribe_options(options)?) };
        out.write(Cursor::give(node.node.subscribe(aql, options, follow)?));
        Ok(())
    })
}

/// Runs a query to its end without its results, and says how that was done. `options` may be NULL.
/// Free the answer with `swarmlet_explanation_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_explain(
    node: Option<&Node>,
    aql: Text,
    options: *const GivenQuery,
    out: Option<&mut MaybeUninit<*mut Explanation>>,
) -> Status {
    entry("explain", || {
        let (node, out) = (given(node, "node")?, place(out, "out")?);
        // SAFETY: the rules of the header hold for texts and options.
        let (aql, options) = unsafe { (aql.read("aql")?, query_options(options)?) };
        let explained = wait_for(|completion| node.node.explain(aql, options, completion))?;
        out.write(explanation(&explained));
        Ok(())
    })
}

/// How far the node is; free the answer with `swarmlet_offsets_state_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_offsets(
    node: Option<&Node>,
    out: Option<&mut MaybeUninit<*mut OffsetsState>>,
) -> Status {
    entry("offsets", || {
        let (node, out) = (given(node, "node")?, place(out, "out")?);
        let state = node.node.offsets()?;
        let mut shelf = Shelf::default();
        let counts = stream_counts(&state.to_replicate, &mut shelf);
        let public = OffsetsState {
            present: shelf.list(vec![Offsets::new(state.present)]).data,
            to_replicate: counts.data,
            to_replicate_count: counts.len,
        };
        out.write(Kept::give(public, shelf));
        Ok(())
    })
}

/// Frees what `swarmlet_node_offsets` gave. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_offsets_state_free(state: *mut OffsetsState) {
    // SAFETY: it comes from `swarmlet_node_offsets`, and the caller gives it back once.
    unsafe { Kept::free(state) };
}

/// Keeps counts.
pub(crate) fn stream_counts(
    counts: &BTreeMap<StreamId, u64>,
    shelf: &mut Shelf,
) -> List<StreamCount> {
    let counts = counts.iter().map(|(stream, events)| StreamCount {
        stream: shelf.text(&stream.to_string()),
        events: *events,
    });
    let counts = counts.collect();
    shelf.list(counts)
}

/// The streams of which something is here; free the answer with `swarmlet_streams_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_streams(
    node: Option<&Node>,
    out: Option<&mut MaybeUninit<*mut Streams>>,
) -> Status {
    entry("streams", || {
        let (node, out) = (given(node, "node")?, place(out, "out")?);
        let streams = node.node.streams()?;
        let mut shelf = Shelf::default();
        let items = streams.iter().map(|info| StreamInfo {
            id: shelf.text(&info.id.to_string()),
            name: shelf.text(&info.name.to_string()),
            first: info.first.get(),
            last: info.last.get(),
        });
        let items = items.collect();
        let items = shelf.list(items);
        let public = Streams {
            items: items.data,
            count: items.len,
        };
        out.write(Kept::give(public, shelf));
        Ok(())
    })
}

/// Frees what `swarmlet_node_streams` gave. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_streams_free(streams: *mut Streams) {
    // SAFETY: it comes from `swarmlet_node_streams`, and the caller gives it back once.
    unsafe { Kept::free(streams) };
}

/// What the node has counted and measured since it was opened; free the answer with
/// `swarmlet_metrics_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_metrics(
    node: Option<&Node>,
    out: Option<&mut MaybeUninit<*mut Metrics>>,
) -> Status {
    entry("metrics", || {
        let (node, out) = (given(node, "node")?, place(out, "out")?);
        out.write(metrics(&node.node.metrics()?));
        Ok(())
    })
}

/// Closes the node for all its handles: writes what is queued, stops, releases the folder, and
/// waits for that at most `timeout_ms`, without limit below 0. After `SWARMLET_STATUS_TIMEOUT` it
/// goes on by itself. Fine to call twice. Cursors of the node fail with `SWARMLET_STATUS_CLOSED`
/// once they are read empty.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_close(node: Option<&Node>, timeout_ms: i64) -> Status {
    entry("close", || {
        let node = given(node, "node")?;
        let close = |completion| node.node.close(completion);
        match limit(timeout_ms) {
            None => wait_for(close),
            Some(limit) => Pending::start(close).wait(limit).unwrap_or_else(|| {
                let message = "the node is not closed yet";
                Err(Failure::new(ErrorKind::Timeout, "", message))
            }),
        }
    })
}

/// Frees a handle of a node. NULL is fine. If this was its last handle the node is closed in the
/// background, and its cursors are told so.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_free(node: Option<Box<Node>>) {
    quiet((), || drop(node));
}
