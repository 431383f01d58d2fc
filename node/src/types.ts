/** Values of the interface. Times of events are microseconds, spans milliseconds. */

import type { Payload } from "./payload.js";
import type { Row } from "./row.js";

/** For each stream id the last offset: a bound, or how far something is. Ready for JSON. */
export type Offsets = Readonly<Record<string, number>>;

/** Oldest first, newest first, or stream by stream. */
export type Order = "asc" | "desc" | "stream";

/**
 * What `$name` stands for in a query. A `Date` is a time; everything else is what a payload could
 * be. Values never become part of the text of the query.
 */
export type Parameters = Readonly<Record<string, Payload | Date>>;

/**
 * When a publish is done: after the disk confirmed it (survives power loss), or after it was handed
 * to the operating system (survives the end of the process).
 */
export type Durability = "synced" | "buffered";

/** The place of an event in the one total order, which is also its identity. */
export interface EventKey {
  readonly lamport: number;
  readonly stream: string;
  readonly offset: number;
}

/**
 * How much of a stream is kept; without limits everything.
 *
 * What exceeds one of the limits is dropped, even if the others would keep it, and in whole runs:
 * so more may stay than a limit says, and with one limit alone never less.
 */
export interface Retention {
  readonly eventsMax?: number | undefined;
  readonly bytesMax?: number | undefined;
  /** In milliseconds. */
  readonly ageMsMax?: number | undefined;
}

/**
 * How a node reaches the others of its swarm.
 *
 * The default needs no configuration on a LAN: all networks, free ports, TCP and QUIC, discovery by
 * multicast DNS. A node that is in no swarm uses no network at all.
 */
export interface Network {
  /**
   * Addresses to listen at, and nowhere else: `tcp://127.0.0.1:4001`, `quic://[::]:4001`. Port 0 is
   * a free one.
   */
  readonly listen?: readonly string[] | undefined;
  /** Addresses to tell others instead of those it listens at. */
  readonly announce?: readonly string[] | undefined;
  /** Addresses to connect to, and again whenever the connection is lost. */
  readonly peers?: readonly string[] | undefined;
  /**
   * Patterns of the names of streams of others that are held here, `sensors`, `line*`; all of them
   * unless given.
   */
  readonly holds?: readonly string[] | undefined;
  /** Whether others are found, and this node is announced, by multicast DNS; on unless given. */
  readonly discovery?: boolean | undefined;
  /**
   * Whether peers are told where this node and others are, and addresses that they tell are
   * dialled; on unless given. With it one address that is known is enough.
   */
  readonly addressExchange?: boolean | undefined;
  /**
   * How many connections there may be, 2 or more: 12 unless given, for moments four more. Where
   * there are more nodes, each is connected with some of them so that all hang together.
   */
  readonly connectionsMax?: number | undefined;
}

/** How far a node is. */
export interface OffsetsState {
  /** For each stream the last offset that is here without a gap. */
  readonly present: Offsets;
  /** How many events of each stream other nodes have and this one does not yet. */
  readonly toReplicate: Readonly<Record<string, number>>;
}

/** A stream of which something is here. */
export interface StreamInfo {
  readonly id: string;
  readonly name: string;
  /** The first offset still here. */
  readonly first: number;
  /** The last offset. */
  readonly last: number;
}

/** What comes out of a query or subscription, in order. */
export type Output<T = any> =
  | { readonly type: "row"; readonly row: Row<T> }
  /** A row that came out before and is no longer true; another one may follow in its place. */
  | { readonly type: "antiRow"; readonly row: Row<T> }
  /** Something has no value, and why. After a warning it goes on; an error is the last output. */
  | {
      readonly type: "diagnostic";
      readonly severity: "warning" | "error";
      readonly message: string;
    }
  /** All that was present when a subscription began has come out; what follows is live. */
  | { readonly type: "caughtUp"; readonly offsets: Offsets }
  /**
   * The next event sorts before one that has already come out: the end of a monotonic subscription.
   * Begin again before this key.
   */
  | { readonly type: "timeTravel"; readonly key: EventKey };

/** What the index of a file says of one tag or app. */
export interface TermReport {
  /** The tag or app as it is written in a query. */
  readonly term: string;
  /** Events of the file that have it. */
  readonly events: number;
}

/** What a query found in the index of one file. */
export interface SourceReport {
  /** The name of the file, without its ending. */
  readonly name: string;
  /** Whether it is a sealed segment, or a file of the log that is still being written. */
  readonly isSealed: boolean;
  /** Events in it. */
  readonly events: number;
  /** Tags and apps that were looked up. */
  readonly terms: readonly TermReport[];
  /** Events that are left when index and bounds have said all they know. */
  readonly candidates: number;
  /** Whether each of those still has to be looked at to know whether it matches. */
  readonly isChecked: boolean;
}

/** How a query was answered. */
export interface Explanation {
  /** All of it, for people. */
  readonly text: string;
  /** The query in normal form. */
  readonly query: string;
  /**
   * Which events it starts from, with everything computed; null if it brings its own values.
   */
  readonly selection: string | null;
  /** In which order they were read. */
  readonly order: Order;
  /** The stages behind `FROM`, each in normal form. */
  readonly stages: readonly string[];
  /** The files that were asked, oldest first; none if the query brings its own events. */
  readonly sources: readonly SourceReport[];
  /**
   * Events that were read for the query itself, also to see that they do not match; those read by
   * sub-queries are not counted.
   */
  readonly eventsRead: number;
  /** Rows that came out. */
  readonly rows: number;
  /** Diagnostics that came out. */
  readonly diagnostics: number;
}

/** A device of the swarm. */
export interface Member {
  /** Its identity. */
  readonly node: string;
  /** What it is called. */
  readonly name: string;
  /** What it may do, like `rw:sensors*,r:*`. */
  readonly capabilities: string;
  /** What the operator said about it. */
  readonly labels: Readonly<Record<string, string>>;
  /** Whether it lets others in. */
  readonly isIssuer: boolean;
  /** Whether it is out. */
  readonly isRevoked: boolean;
  /** When its certificate ends. */
  readonly notAfter: Date;
}

/** A device that waits for approval. */
export interface Pending {
  /** Its identity, with which it is approved or rejected. */
  readonly device: string;
  /** What it calls itself. */
  readonly name: string;
  /** Six digits. Approve the device if it shows the same. */
  readonly code: string;
  /** When it asked. */
  readonly since: Date;
}

/** A connected device. */
export interface Peer {
  /** Its identity. */
  readonly node: string;
  /** Where it was reached, or where it came from; empty if not known. */
  readonly address: string;
  /** Whether both have the same events, as far as both have said. */
  readonly isInSync: boolean;
  /** Events that it has and this node lacks. */
  readonly behind: number;
  /** Events that this node has and it lacks. */
  readonly ahead: number;
  /** For how long one of the two was not zero; in whole seconds, as milliseconds. */
  readonly lagMs: number;
  /** How long a frame and its answer took last; null before the first. */
  readonly roundTripMs: number | null;
}

/** How a node stands in its swarm. */
export interface SwarmStatus {
  /** Where it listens. */
  readonly listening: readonly string[];
  /** The connected devices. */
  readonly peers: readonly Peer[];
  /** How many events of each stream some peer has and this node lacks. */
  readonly toReplicate: Readonly<Record<string, number>>;
  /**
   * Connections that were refused or closed: with whom, that is the address that was dialled, the
   * host that dialled, or the device, and why. The newest last; the last 32.
   */
  readonly refused: readonly (readonly [string, string])[];
  /** What people should know of: forks, clones, refused events; the last 32. */
  readonly incidents: readonly string[];
  /** Whether some peer is connected, and all of them have the same as this node. */
  readonly isInSync: boolean;
}

/** What the log counts. */
export interface LogStats {
  /** Events committed by this node. */
  readonly eventsCommitted: number;
  /** Bytes of commit groups appended to the log. */
  readonly bytesCommitted: number;
  /** Commit groups, each with one sync. */
  readonly groupsCommitted: number;
  /** Events in the store, dropped ones not counted. */
  readonly eventsStored: number;
  /** Bytes of log files, including preallocated space. */
  readonly logBytes: number;
  /** Log files that are not sealed yet. */
  readonly logFiles: number;
  /** Bytes of sealed segments. */
  readonly segmentBytes: number;
  /** Sealed segments. */
  readonly segments: number;
  /** Log files sealed. */
  readonly seals: number;
  /** Merges of segments. */
  readonly merges: number;
  /** Segments rewritten without what retention gave up. */
  readonly drops: number;
  /** Bytes of torn writes set aside at opening. */
  readonly bytesSetAside: number;
  /** Blocks found in the cache. */
  readonly cacheHits: number;
  /** Blocks read from disk. */
  readonly cacheMisses: number;
  /** Bytes in the cache. */
  readonly cacheBytes: number;
}

/** Durations, counted by their size. */
export interface Histogram {
  readonly count: number;
  readonly sumSeconds: number;
  /** For each bucket its upper bound in seconds and how many durations fell into it. */
  readonly buckets: readonly (readonly [number, number])[];
}

/** What a node has counted and measured since it was opened. */
export interface Metrics {
  /** What the log counts. */
  readonly log: LogStats;
  /** From the call of `publish` to its acknowledgement. */
  readonly publish: Histogram;
  /** One commit group: stamping, signing, writing and syncing. */
  readonly append: Histogram;
  /** One sync of the disk by the log. */
  readonly sync: Histogram;
  /** One read of the log, for a query or a subscription. */
  readonly query: Histogram;
  /** Reads of the log that failed. */
  readonly queryFailures: number;
  /** Publish calls that failed after they were queued. */
  readonly publishFailures: number;
  /** Bytes of events waiting to be written. */
  readonly queueBytes: number;
  /** Queries whose results are held now. */
  readonly resultsOpen: number;
  /** Subscriptions held now. */
  readonly subscriptionsOpen: number;
  /** Pieces of background work done: sealing, merging, dropping. */
  readonly maintenanceSteps: number;
  /** Pieces of background work that failed; they are tried again. */
  readonly maintenanceFailures: number;
  /** What background work failed with, if the last attempt did: the node is not healthy. */
  readonly maintenanceError: string | null;
}

/** The upper bound, in seconds, of the bucket with the given part (0 to 1) of all below. */
export function quantile(histogram: Histogram, part: number): number {
  let left = part * histogram.count;
  for (const [bound, count] of histogram.buckets) {
    left -= count;
    if (left <= 0 && histogram.count > 0) {
      return bound;
    }
  }
  return NaN;
}
