/** What hands out one thing after the other. Not public by itself; what extends it is. */

import { checked } from "./failure.js";
import type { WaitOptions } from "./failure.js";
import type { NativeWatched } from "./native.js";
import type { Hold } from "./port.js";
import { Watched } from "./watched.js";

/** Whatever there is to take, one by one; leaving a `for await` loop ends it. */
export abstract class Taking<T> implements AsyncIterableIterator<T>, AsyncDisposable {
  readonly #operation: string;
  readonly #watched: Watched;

  /** @internal */
  constructor(
    operation: string,
    native: NativeWatched,
    hold: Hold,
    signal: AbortSignal | undefined,
  ) {
    this.#operation = operation;
    this.#watched = new Watched(operation, native, hold, signal);
  }

  /**
   * Takes what comes next, if it is there; never waits.
   *
   * @internal
   */
  protected abstract taken(): T | undefined;

  /**
   * Whether it was ended from here: nothing more is handed out.
   *
   * @internal
   */
  protected get isCancelled(): boolean {
    return this.#watched.isCancelled;
  }

  /** The next one. Given up by its signal, it has taken nothing. */
  async next(options: WaitOptions = {}): Promise<IteratorResult<T, undefined>> {
    const { signal } = checked(this.#operation, options);
    while (await this.#watched.ready(signal)) {
      const value = this.taken();
      if (value !== undefined) {
        return { done: false, value };
      }
    }
    return { done: true, value: undefined };
  }

  /** Ends it, also for those who wait for it. Fine to call twice. */
  cancel(): void {
    this.#watched.cancel();
  }

  /** Those who wait for it keep the process alive, as they do without `unref`. */
  ref(): this {
    this.#watched.ref();
    return this;
  }

  /** Those who wait for it do not keep the process alive. */
  unref(): this {
    this.#watched.unref();
    return this;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.cancel();
    return { done: true, value: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
  }
}

/** The same as a web stream, which asks for one when it is asked for one. */
export function readable<T>(source: {
  next(): Promise<IteratorResult<T, undefined>>;
  cancel(): void;
}): ReadableStream<T> {
  return new ReadableStream(
    {
      pull: async (controller) => {
        const { done, value } = await source.next();
        if (done === true) {
          controller.close();
        } else {
          controller.enqueue(value);
        }
      },
      cancel: () => {
        source.cancel();
      },
    },
    { highWaterMark: 0 },
  );
}
