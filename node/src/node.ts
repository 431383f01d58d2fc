/** The node. */

import { Blobs } from "./blobs.js";
import { CancelledError, InvalidArgumentError } from "./errors.js";
import { called, checked, options as asJson, pathText, text, unaborted } from "./failure.js";
import type { WaitOptions } from "./failure.js";
import { native } from "./native.js";
import type { NativeNode, NativeStream } from "./native.js";
import { Writer, iterated, tagList } from "./payload.js";
import type { Payload, Tags } from "./payload.js";
import { Hold, dispatcher, unlessAborted } from "./port.js";
import { Published } from "./row.js";
import type { Row } from "./row.js";
import { Results, Subscription } from "./stream.js";
import { Swarm } from "./swarm.js";
import type {
  Durability,
  Explanation,
  Histogram,
  Metrics,
  Network,
  Offsets,
  OffsetsState,
  Order,
  Parameters,
  Retention,
  StreamInfo,
} from "./types.js";

/** What a node is opened with. All of it may be left out. */
export interface OpenOptions extends WaitOptions {
  /** The app that publishes, a reverse DNS name. */
  readonly appId?: string | undefined;
  /** Further streams by name, and how much of each is kept. */
  readonly streams?: Readonly<Record<string, Retention | null>> | undefined;
  /**
   * Tag expressions and the streams that matching events go to; the first one that matches decides,
   * everything else goes to `default`.
   */
  readonly routes?: Readonly<Record<string, string>> | undefined;
  /** When a publish is done; `synced` unless given. */
  readonly durability?: Durability | undefined;
  /** Memory for blocks of the log that were read. */
  readonly cacheBytes?: number | undefined;
  /** How others of the swarm are reached. */
  readonly network?: Network | undefined;
  /** How many bytes blobs may take; what need not be here gives way then. */
  readonly blobsBytesMax?: number | undefined;
  /** How often it is looked which blobs no record keeps, in milliseconds. */
  readonly blobsSweepPeriodMs?: number | undefined;
}

/** What a query is asked with. */
export interface QueryOptions extends WaitOptions {
  /** Only events after these offsets. */
  readonly lower?: Offsets | undefined;
  /** Only events up to these offsets, and none of streams that it does not name. */
  readonly upper?: Offsets | undefined;
  /** Unless the text says it; `asc` unless given. */
  readonly order?: Order | undefined;
  /** What `$name` stands for in the text. */
  readonly parameters?: Parameters | undefined;
}

/** What a subscription is asked with. */
export interface SubscribeOptions extends WaitOptions {
  /** Only what comes after these offsets. */
  readonly from?: Offsets | undefined;
  /** What `$name` stands for in the text. */
  readonly parameters?: Parameters | undefined;
}

/** What a publisher gives. A pair of tags and payload, both of them, does as well. */
export interface NewEvent {
  readonly tags: Tags;
  readonly payload?: Payload | undefined;
}

/** Tags and payload. */
export type Pair = readonly [Tags, Payload | undefined];

type Follow = "all" | "monotonic" | "latest" | "earliest";

/**
 * An open node: a durable log of events in a folder of its own.
 *
 * Open it with `Node.open`. Each worker opens its own, or talks to the one that has it. It does not
 * keep the process alive; whoever waits for it does, unless `unref` was called.
 */
export class Node implements AsyncDisposable {
  readonly #native: NativeNode;
  readonly #hold: Hold;

  private constructor(handle: NativeNode, hold: Hold) {
    this.#native = handle;
    this.#hold = hold;
  }

  /**
   * Opens the folder, which is made on first use, and recovers its log.
   *
   * Rejects with `LockedError` if another node has it open.
   */
  static async open(path: string | URL, options: OpenOptions = {}): Promise<Node> {
    const operation = "open";
    const folder = pathText(operation, path);
    const { signal, streams, routes, ...rest } = unaborted(operation, options);
    const lists = { streams: entriesOf(streams), routes: entriesOf(routes) };
    const json = asJson(operation, { ...rest, ...lists });
    const { native: port } = dispatcher();
    const token = called(operation, () => native.open(port, folder, json));
    const opening = dispatcher().answer(token);
    const opened = opening.then(() => called(operation, () => port.opened(token)));
    const hold = new Hold();
    const handle = hold.during(opened);
    try {
      return new Node(await unlessAborted(operation, handle, signal), hold);
    } catch (error) {
      if (signal?.aborted === true) {
        // Nobody has it, so nobody could close it.
        handle.then((late) => new Node(late, hold).close()).catch(() => undefined);
      }
      throw error;
    }
  }

  /** The identity of this device: 43 characters. */
  get id(): string {
    return called("id", () => this.#native.id);
  }

  /** The app in whose name this handle publishes. */
  get appId(): string {
    return called("app_id", () => this.#native.appId);
  }

  /** A handle of the same node for another app. Closing either closes the node. */
  scoped(appId: string): Node {
    const app = text("scoped", "appId", appId);
    return new Node(
      called("scoped", () => this.#native.scoped(app)),
      this.#hold.inherit(),
    );
  }

  /**
   * Publishes one event; it is durable when this is done.
   *
   * Giving up the wait does not take the event back.
   */
  async publish(
    tags: Tags,
    payload?: Payload | undefined,
    options: WaitOptions = {},
  ): Promise<Published> {
    const [published] = await this.publishMany([[tags, payload]], options);
    return published as Published;
  }

  /**
   * Publishes events together: after a crash all of them are there, or none.
   *
   * At most 16384 events and 4 MiB. Giving up the wait does not take them back.
   */
  async publishMany(
    events: Iterable<NewEvent | Pair>,
    options: WaitOptions = {},
  ): Promise<Published[]> {
    const operation = "publish";
    const { signal } = unaborted(operation, options);
    const list = newEvents(events);
    const answer = this.#hold.call<[number, string, number, number][]>(operation, (port) =>
      this.#native.publish(port, list),
    );
    const published = await unlessAborted(operation, answer, signal);
    return published.map((receipt) => new Published(receipt));
  }

  /** The results of what is present now. */
  query<T = any>(aql: string, options: QueryOptions = {}): Results<T> {
    const stream = this.#asked("query", aql, checked("query", options), (...given) =>
      this.#native.query(...given),
    );
    return new Results("query", stream, this.#hold.inherit(), options.signal);
  }

  /**
   * All results after the given offsets: of what is present, then of what comes.
   *
   * Results of `AGGREGATE` and `GROUP BY` come once for what is present and again whenever they
   * have changed.
   */
  subscribe<T = any>(aql: string, options: SubscribeOptions = {}): Subscription<T> {
    return this.#subscribed(aql, options, "all");
  }

  /**
   * As `subscribe`, in the order of event keys also between streams. It ends when an event arrives
   * that sorts before one that was delivered: with `timeTravel` among the outputs, and with
   * `ClosedError` for those who look at rows only.
   */
  subscribeMonotonic<T = any>(aql: string, options: SubscribeOptions = {}): Subscription<T> {
    return this.#subscribed(aql, options, "monotonic");
  }

  /** The latest result of a query by event key, if there is one, and then every later one. */
  observeLatest<T = any>(aql: string, options: SubscribeOptions = {}): Subscription<T> {
    return this.#subscribed(aql, options, "latest");
  }

  /** The earliest result of a query by event key; another row if an older event arrives. */
  observeEarliest<T = any>(aql: string, options: SubscribeOptions = {}): Subscription<T> {
    return this.#subscribed(aql, options, "earliest");
  }

  /**
   * The first row of a subscription, for which the condition holds if there is one.
   *
   * Bound the wait with `signal: AbortSignal.timeout(ms)`: it rejects with `TimeoutError` then, and
   * with `CancelledError` if the query ends without such a row.
   */
  async waitFor<T = any>(
    aql: string,
    condition?: (row: Row<T>) => boolean,
    options: SubscribeOptions = {},
  ): Promise<Row<T>> {
    for await (const row of this.subscribe<T>(aql, options)) {
      if (condition === undefined || condition(row)) {
        return row;
      }
    }
    const message = "the query ended before the condition was met";
    throw new CancelledError(message, { operation: "wait_for" });
  }

  /** Runs a query to its end without its results, and says how that was done. */
  async explain(aql: string, options: QueryOptions = {}): Promise<Explanation> {
    const operation = "explain";
    const wanted = unaborted(operation, options);
    const token = this.#asked(operation, aql, wanted, (...given) =>
      this.#native.explain(dispatcher().native, ...given),
    );
    const answer = this.#hold.during(dispatcher().answer<Explanation>(token));
    return unlessAborted(operation, answer, wanted.signal);
  }

  /** How far the node is. */
  async offsets(): Promise<OffsetsState> {
    const [present, missing] = JSON.parse(called("offsets", () => this.#native.offsets())) as [
      Offsets,
      [string, number][],
    ];
    return { present, toReplicate: Object.fromEntries(missing) };
  }

  /** The streams of which something is here. */
  async streams(): Promise<StreamInfo[]> {
    const rows = JSON.parse(called("streams", () => this.#native.streams())) as [
      string,
      string,
      number,
      number,
    ][];
    return rows.map(([id, name, first, last]) => ({ id, name, first, last }));
  }

  /** This node's place in its swarm: founding one, joining one, and how far everybody is. */
  get swarm(): Swarm {
    return new Swarm(
      called("swarm", () => this.#native.swarm()),
      this.#hold,
    );
  }

  /** The blobs of this node: large bytes, named by their hash. */
  get blobs(): Blobs {
    return new Blobs(
      called("blobs", () => this.#native.blobs()),
      this.#hold,
    );
  }

  /** What the node has counted and measured since it was opened. */
  metrics(): Metrics {
    const text = called("metrics", () => this.#native.metrics());
    const metrics = JSON.parse(text) as { -readonly [Key in keyof Metrics]: Metrics[Key] };
    for (const name of ["publish", "append", "sync", "query"] as const) {
      metrics[name] = unbounded(metrics[name]);
    }
    return metrics;
  }

  /**
   * Writes what is queued, stops, and releases the folder. Fine to call twice.
   *
   * Streams of the node end with `ClosedError`, once they are read empty.
   */
  async close(): Promise<void> {
    await this.#hold.call("close", (port) => this.#native.close(port));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Those who wait for this node keep the process alive, as they do without `unref`. */
  ref(): this {
    this.#hold.isReferenced = true;
    return this;
  }

  /** Neither those who wait for this node nor streams begun later keep the process alive. */
  unref(): this {
    this.#hold.isReferenced = false;
    return this;
  }

  #subscribed<T>(aql: string, options: SubscribeOptions, follow: Follow): Subscription<T> {
    const wanted = { ...checked("subscribe", options), follow };
    const stream = this.#asked("subscribe", aql, wanted, (...given) =>
      this.#native.subscribe(...given),
    );
    return new Subscription("subscribe", stream, this.#hold.inherit(), options.signal);
  }

  #asked<T extends NativeStream | number>(
    operation: string,
    aql: string,
    options: QueryOptions & SubscribeOptions,
    ask: (aql: string, options: string, parameters: Uint8Array | null) => T,
  ): T {
    const { signal: _, parameters, ...rest } = options;
    const query = text(operation, "aql", aql);
    const json = asJson(operation, rest);
    const given = parameters === undefined ? null : parameterList(operation, parameters);
    return called(operation, () => ask(query, json, given));
  }
}

function entriesOf<T>(record: Readonly<Record<string, T>> | undefined): [string, T][] | undefined {
  return record === undefined ? undefined : Object.entries(record);
}

/** The events as the native half reads them: a list of tags and payload as bytes. */
function newEvents(events: Iterable<NewEvent | Pair>): Uint8Array {
  const misfit = "events must be an iterable of pairs, or of tags and payload";
  const list = iterated("publish", events, misfit);
  const writer = new Writer("publish");
  writer.beginList(list.length);
  for (const event of list) {
    const isEvent = typeof event === "object" && event !== null;
    if (!isEvent || (isPair(event) && event.length !== 2)) {
      const message = "an event to publish must be a pair, or an object, of tags and payload";
      throw new InvalidArgumentError(message, { operation: "publish" });
    }
    const [tags, payload] = isPair(event) ? event : [event.tags, event.payload];
    const list = tagList("publish", tags);
    writer.beginList(list.length);
    for (const tag of list) {
      writer.text(tag);
    }
    writer.payload(payload ?? null);
  }
  return writer.finish();
}

function isPair(event: NewEvent | Pair): event is Pair {
  return Array.isArray(event);
}

/** The parameters as the native half reads them: name and time, or name and bytes of the value. */
function parameterList(operation: string, parameters: Parameters): Uint8Array {
  const writer = new Writer(operation);
  const entries = Object.entries(parameters);
  writer.beginList(entries.length);
  for (const [name, value] of entries) {
    writer.text(text(operation, "the name of a parameter", name));
    if (value instanceof Date) {
      const millis = value.getTime();
      if (!Number.isSafeInteger(millis * 1000)) {
        const message = `the time of parameter ${name} is out of range`;
        throw new InvalidArgumentError(message, { operation });
      }
      writer.integer(millis * 1000);
    } else {
      writer.payload(value);
    }
  }
  return writer.finish();
}

/** The last bucket has no bound, which JSON cannot say. */
function unbounded(histogram: Histogram): Histogram {
  const buckets = histogram.buckets as readonly (readonly [number | null, number])[];
  return {
    ...histogram,
    buckets: buckets.map(([bound, count]) => [bound ?? Infinity, count]),
  };
}
