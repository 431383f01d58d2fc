/** Streams of results. */

import { InvalidArgumentError } from "./errors.js";
import { called, checked } from "./failure.js";
import type { WaitOptions } from "./failure.js";
import type { NativeStream } from "./native.js";
import type { Hold } from "./port.js";
import { asRow, outputOf } from "./row.js";
import type { Chunk, Row } from "./row.js";
import { readable } from "./taking.js";
import type { Offsets, Output } from "./types.js";
import { Watched } from "./watched.js";

/** Rows handed over at once; more gain nothing and make other tasks wait. */
const BATCH_ROWS = 256;

/**
 * Rows, one by one or in batches; or `outputs` of all sorts.
 *
 * Those who look at rows see no warnings, and no rows taken back. A query that ends with an error
 * diagnostic rejects with `InvalidQueryError`, a monotonic subscription that ends with time travel
 * with `ClosedError`.
 *
 * Leaving a `for await` loop or an `await using` block ends the stream, and so does dropping the
 * object. To read some rows and go on later, use `next`: a wait for it that is given up by its
 * signal has taken nothing.
 */
export class RowStream<T = any> implements AsyncIterable<Row<T>>, AsyncDisposable {
  readonly #operation: string;
  readonly #native: NativeStream;
  readonly #watched: Watched;
  #chunk: Chunk = { outputs: [], streams: [], apps: [] };
  /** How many outputs of the chunk were handed out. */
  #handedOut = 0;

  /** @internal */
  constructor(
    operation: string,
    native: NativeStream,
    hold: Hold,
    signal: AbortSignal | undefined,
  ) {
    this.#operation = operation;
    this.#native = native;
    this.#watched = new Watched(operation, native, hold, signal);
  }

  /**
   * Waits until there is something to take (true) or nothing will come any more (false). It takes
   * nothing.
   */
  async ready(options: WaitOptions = {}): Promise<boolean> {
    const { signal } = checked(this.#operation, options);
    return this.#left() > 0 || this.#watched.ready(signal);
  }

  /** Takes at most `max` rows of those that are there, fewer if they are large; never waits. */
  take(max: number = BATCH_ROWS): Row<T>[] {
    checkMax(this.#operation, max);
    const rows: Row<T>[] = [];
    if (this.#left() === 0) {
      this.#refill(max);
    }
    while (rows.length < max && this.#left() > 0) {
      const row = this.#row();
      if (row !== undefined) {
        rows.push(row);
      }
    }
    return rows;
  }

  /** The next row. Given up by its signal, it has taken nothing. */
  next(options: WaitOptions = {}): Promise<IteratorResult<Row<T>, undefined>> {
    const row = this.#left() > 0 ? this.#row() : undefined;
    return row === undefined
      ? this.#waited(options)
      : Promise.resolve({ done: false, value: row });
  }

  /** The same rows in arrays of at most `max`, never empty; what is there, at once. */
  batches(max: number = BATCH_ROWS): AsyncIterable<Row<T>[]> {
    checkMax(this.#operation, max);
    return this.#loop(() => {
      const rows = this.take(max);
      return rows.length > 0 ? rows : undefined;
    });
  }

  /**
   * All there is to know, in order: rows, rows taken back, diagnostics, that a subscription has
   * caught up, time travel. Not to be mixed with reading rows.
   */
  outputs(): AsyncIterable<Output<T>> {
    called("outputs", () => {
      this.#native.showAll();
    });
    return this.#loop(() => {
      if (this.#left() === 0 && !this.#refill(BATCH_ROWS)) {
        return undefined;
      }
      const wire = this.#chunk.outputs[this.#handedOut];
      this.#handedOut += 1;
      return wire && outputOf<T>(this.#chunk, wire);
    });
  }

  /** The rows as a web stream, which asks for one when it is asked for one. */
  toReadable(): ReadableStream<Row<T>> {
    return readable<Row<T>>(this);
  }

  /** How far what was handed out reaches: from there another stream goes on. */
  get offsets(): Offsets {
    const text = called("offsets", () => this.#native.offsets(this.#handedOut));
    return JSON.parse(text) as Offsets;
  }

  /** For streams whose start lies before what is still kept: the first offset that is. */
  get skipped(): Offsets {
    return JSON.parse(called("skipped", () => this.#native.skipped())) as Offsets;
  }

  /** Ends the stream, also for those who wait for it. Fine to call twice. */
  cancel(): void {
    this.#watched.cancel();
  }

  /** Those who wait for this stream keep the process alive, as they do without `unref`. */
  ref(): this {
    this.#watched.ref();
    return this;
  }

  /** Those who wait for this stream do not keep the process alive. */
  unref(): this {
    this.#watched.unref();
    return this;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Row<T>> {
    return {
      next: () => this.next(),
      return: () => this.#leave(),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
  }

  async #waited(options: WaitOptions): Promise<IteratorResult<Row<T>, undefined>> {
    while (await this.ready(options)) {
      if (this.#left() > 0 || this.#refill(BATCH_ROWS)) {
        const value = this.#row();
        if (value !== undefined) {
          return { done: false, value };
        }
      }
    }
    return { done: true, value: undefined };
  }

  /** An iterator over what `take` brings, which waits when it brings nothing. */
  #loop<V>(take: () => V | undefined): AsyncIterableIterator<V> {
    return {
      next: async () => {
        while (await this.ready()) {
          const value = take();
          if (value !== undefined) {
            return { done: false, value };
          }
        }
        return { done: true, value: undefined };
      },
      return: () => this.#leave(),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #leave(): Promise<{ done: true; value: undefined }> {
    this.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** How many outputs are still to be handed out. The count of those that were stays at the end. */
  #left(): number {
    return this.#watched.isCancelled ? 0 : this.#chunk.outputs.length - this.#handedOut;
  }

  /** Takes a chunk if there is something; whether there was. */
  #refill(max: number): boolean {
    // What is taken from here on was not handed out, and would count as if it was.
    if (this.#watched.isCancelled) {
      return false;
    }
    const text = called(this.#operation, () => this.#native.take(Math.min(max, BATCH_ROWS)));
    this.#chunk = JSON.parse(text) as Chunk;
    this.#handedOut = 0;
    return this.#chunk.outputs.length > 0;
  }

  #row(): Row<T> | undefined {
    const wire = this.#chunk.outputs[this.#handedOut];
    this.#handedOut += 1;
    return wire && asRow<T>(this.#chunk, wire);
  }
}

function checkMax(operation: string, max: number): void {
  if (!(Number.isInteger(max) && max > 0)) {
    throw new InvalidArgumentError("max must be an integer of at least 1", { operation });
  }
}

/** The results of a query. `for await (const row of results)`. */
export class Results<T = any> extends RowStream<T> {
  /** All of them, in an array. */
  async toArray(): Promise<Row<T>[]> {
    const rows: Row<T>[] = [];
    for await (const batch of this.batches()) {
      rows.push(...batch);
    }
    return rows;
  }
}

/**
 * All results: of what is there, then of what comes.
 *
 * It reads from the log at its own pace, however slow: nothing piles up in memory, nothing is lost.
 * Store `offsets` with what you made of the rows, and a later subscription goes on exactly there.
 */
export class Subscription<T = any> extends RowStream<T> {}
