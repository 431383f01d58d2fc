/** What streams have in common: those who wait for them, and how they are ended. Not public. */

import { setImmediate } from "node:timers/promises";

import { called, givenUp } from "./failure.js";
import type { NativeWatched } from "./native.js";
import { Hold, dispatcher, unlessAborted } from "./port.js";

/** A native stream of a handle; `signal` ends it for all who wait for it. */
export class Watched {
  readonly #operation: string;
  readonly #native: NativeWatched;
  readonly #hold: Hold;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => {
    this.cancel();
  };
  #isCancelled = false;
  #change: Promise<unknown> | undefined;

  constructor(
    operation: string,
    native: NativeWatched,
    hold: Hold,
    signal: AbortSignal | undefined,
  ) {
    this.#operation = operation;
    this.#native = native;
    this.#hold = hold;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted === true) {
      this.cancel();
    }
  }

  /** Whether it was ended from here: nothing more is handed out. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Waits until there is something to take (true) or nothing will come any more (false). */
  async ready(signal: AbortSignal | undefined): Promise<boolean> {
    let shown = this.#look();
    if (shown !== null) {
      // A stream that is always full must not keep other tasks from running.
      await this.#hold.during(setImmediate());
      shown = this.#look();
    }
    while (shown === null) {
      const wait = unlessAborted(this.#operation, this.#changed(), signal);
      await this.#hold.during(wait);
      shown = this.#look();
    }
    return shown;
  }

  /** Ends the stream, also for those who wait for it. Fine to call twice. */
  cancel(): void {
    this.#isCancelled = true;
    called("cancel", () => {
      this.#native.cancel();
    });
    this.#letGo();
  }

  /** Those who wait for it keep the process alive. */
  ref(): void {
    this.#hold.isReferenced = true;
  }

  /** Those who wait for it do not keep the process alive. */
  unref(): void {
    this.#hold.isReferenced = false;
  }

  #look(): boolean | null {
    let shown: boolean | null = false;
    try {
      if (this.#signal?.aborted === true) {
        throw givenUp(this.#operation, this.#signal);
      }
      shown = called(this.#operation, () => this.#native.look());
      return shown;
    } finally {
      // A stream that has ended, or failed, is not ended by anybody: loops just stop asking.
      if (shown === false) {
        this.#letGo();
      }
    }
  }

  /** The signal may live for as long as the program, and would keep the stream. */
  #letGo(): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }

  /** One watch for all who wait: it is answered when a look shows something. */
  #changed(): Promise<unknown> {
    this.#change ??= dispatcher()
      .answer(called(this.#operation, () => this.#native.watch(dispatcher().native)))
      .finally(() => {
        this.#change = undefined;
      });
    return this.#change;
  }
}
