/** Rows and receipts, and how they are made of what the native half sends. */

import { inspect } from "node:util";

import { revived } from "./payload.js";
import type { WireInfo } from "./record.js";
import type { EventKey, Offsets, Output } from "./types.js";

/** What is known of the event that a row comes from. */
interface Source extends EventKey {
  readonly timestamp: number;
  readonly appId: string;
  readonly tags: readonly string[];
}

/** From where to where the events lie that a row comes from. */
interface Range {
  readonly keys: readonly [EventKey, EventKey];
  readonly times: readonly [number, number];
}

/**
 * A result of a query: a value, and where it comes from.
 *
 * Rows of events have the properties of the event; with others, asking for these throws a
 * `TypeError`.
 */
export class Row<T = any> {
  /** The value. */
  readonly payload: T;
  readonly #source: Source | Range | null;
  readonly #record: WireInfo | undefined;

  /** @internal */
  constructor(payload: T, source: Source | Range | null, record?: WireInfo) {
    this.payload = payload;
    this.#source = source;
    this.#record = record;
  }

  /** What it comes from: one event, several, or none. */
  get origin(): "event" | "range" | "synthetic" {
    if (this.#source === null) {
      return "synthetic";
    }
    return "keys" in this.#source ? "range" : "event";
  }

  /** The smallest and the greatest key of the events it comes from; null if it comes from none. */
  get keyRange(): readonly [EventKey, EventKey] | null {
    const source = this.#source;
    if (source === null) {
      return null;
    }
    return "keys" in source ? source.keys : [this.key, this.key];
  }

  /**
   * The earliest and the latest time of the events it comes from, in microseconds since 1970-01-01
   * UTC; null if it comes from none.
   */
  get timestampRange(): readonly [number, number] | null {
    const source = this.#source;
    if (source === null) {
      return null;
    }
    return "keys" in source ? source.times : [source.timestamp, source.timestamp];
  }

  /** The same two times, to the millisecond. */
  get timeRange(): readonly [Date, Date] | null {
    const range = this.timestampRange;
    return range && [time(range[0]), time(range[1])];
  }

  /** The place of the event in the total order. */
  get key(): EventKey {
    const { lamport, stream, offset } = this.#event();
    return { lamport, stream, offset };
  }

  /** Logical clock of the event. */
  get lamport(): number {
    return this.#event().lamport;
  }

  /** The id of the stream the event is in. */
  get stream(): string {
    return this.#event().stream;
  }

  /** Its position in the stream. */
  get offset(): number {
    return this.#event().offset;
  }

  /** Wall clock of the publisher in microseconds since 1970-01-01 UTC. */
  get timestamp(): number {
    return this.#event().timestamp;
  }

  /** Wall clock of the publisher, to the millisecond. */
  get time(): Date {
    return time(this.#event().timestamp);
  }

  /** The app that published it. */
  get appId(): string {
    return this.#event().appId;
  }

  /** The labels, in text order. */
  get tags(): readonly string[] {
    return this.#event().tags;
  }

  /**
   * What the event says of a blob, if it is a record.
   *
   * @internal
   */
  get record(): WireInfo | undefined {
    return this.#record;
  }

  /** What `JSON.stringify` makes of it: everything there is to know. */
  toJSON(): object {
    const source = this.#source;
    return { origin: this.origin, ...source, payload: this.payload };
  }

  /** @internal */
  [inspect.custom](depth: number, options: object): string {
    return `Row ${inspect(this.toJSON(), { ...options, depth })}`;
  }

  #event(): Source {
    const source = this.#source;
    if (source === null || "keys" in source) {
      const message = "this row does not come from one event: its origin is";
      throw new TypeError(`${message} '${this.origin}'`);
    }
    return source;
  }
}

/** What became of one published event. */
export class Published {
  /** Logical clock of the event. */
  readonly lamport: number;
  /** The id of the stream it went to. */
  readonly stream: string;
  /** Its position in the stream. */
  readonly offset: number;
  /** The time it was stamped with, in microseconds since 1970-01-01 UTC. */
  readonly timestamp: number;

  /** @internal */
  constructor([lamport, stream, offset, timestamp]: [number, string, number, number]) {
    this.lamport = lamport;
    this.stream = stream;
    this.offset = offset;
    this.timestamp = timestamp;
  }

  /** The place in the total order. */
  get key(): EventKey {
    return { lamport: this.lamport, stream: this.stream, offset: this.offset };
  }

  /** The time it was stamped with, to the millisecond. */
  get time(): Date {
    return time(this.timestamp);
  }
}

/** Negative if the left event comes before the right one in the total order; 0 for the same one. */
export function compareKeys(left: EventKey, right: EventKey): number {
  if (left.lamport !== right.lamport) {
    return left.lamport - right.lamport;
  }
  const [leftNode, leftNumber] = streamParts(left.stream);
  const [rightNode, rightNumber] = streamParts(right.stream);
  if (leftNode !== rightNode) {
    return leftNode < rightNode ? -1 : 1;
  }
  return leftNumber - rightNumber || left.offset - right.offset;
}

/** The node of 43 letters, whose text order is that of the bytes, and the number behind it. */
function streamParts(stream: string): [string, number] {
  const end = stream.lastIndexOf("-");
  return [stream.slice(0, end), Number(stream.slice(end + 1))];
}

/** What the native half hands over at once; `bindings/node/src/output.rs` describes it. */
export interface Chunk {
  readonly outputs: readonly Wire[];
  readonly streams: readonly string[];
  readonly apps: readonly string[];
}

type WireKey = readonly [number, number, number];
type WireRow =
  | readonly [
      0,
      number,
      number,
      number,
      number,
      number,
      readonly string[],
      unknown,
      0 | 1,
      WireInfo?,
    ]
  | readonly [1, WireKey, WireKey, number, number, unknown, 0 | 1]
  | readonly [2, unknown, 0 | 1];
type Wire =
  | WireRow
  | readonly [3, WireRow]
  | readonly [4, "warning" | "error", string]
  | readonly [5, Offsets]
  | readonly [6, WireKey]
  | readonly [7];

/** An output; nothing for what this release of the package does not know. */
export function outputOf<T>(chunk: Chunk, wire: Wire): Output<T> | undefined {
  switch (wire[0]) {
    case 3:
      return { type: "antiRow", row: rowOf(chunk, wire[1]) };
    case 4:
      return { type: "diagnostic", severity: wire[1], message: wire[2] };
    case 5:
      return { type: "caughtUp", offsets: wire[1] };
    case 6:
      return { type: "timeTravel", key: keyOf(chunk, wire[1]) };
    case 7:
      return undefined;
    default:
      return { type: "row", row: rowOf(chunk, wire) };
  }
}

/** The row, if it is one. */
export function asRow<T>(chunk: Chunk, wire: Wire): Row<T> | undefined {
  return wire[0] <= 2 ? rowOf(chunk, wire as WireRow) : undefined;
}

function rowOf<T>(chunk: Chunk, wire: WireRow): Row<T> {
  switch (wire[0]) {
    case 0: {
      const [, lamport, stream, offset, timestamp, app, tags, payload, special, record] = wire;
      const source = {
        lamport,
        stream: chunk.streams[stream] as string,
        offset,
        timestamp,
        appId: chunk.apps[app] as string,
        tags,
      };
      return new Row(value<T>(payload, special), source, record);
    }
    case 1: {
      const [, from, to, fromTime, toTime, payload, special] = wire;
      return new Row(value<T>(payload, special), {
        keys: [keyOf(chunk, from), keyOf(chunk, to)],
        times: [fromTime, toTime],
      });
    }
    case 2:
      return new Row(value<T>(wire[1], wire[2]), null);
  }
}

function keyOf(chunk: Chunk, [lamport, stream, offset]: WireKey): EventKey {
  return { lamport, stream: chunk.streams[stream] as string, offset };
}

function value<T>(payload: unknown, isSpecial: 0 | 1): T {
  return (isSpecial === 1 ? revived(payload) : payload) as T;
}

function time(micros: number): Date {
  return new Date(Math.floor(micros / 1000));
}
