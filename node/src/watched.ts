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
  readonly #waiters = new Waiters();
  #isCancelled = false;

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
      const change = this.#waiters.change(() => this.#watch(), this.#operation, signal);
      await this.#hold.during(change);
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

  /** Starts a watch, and gives its token; it is answered when a look shows something. */
  #watch(): number {
    return called(this.#operation, () => this.#native.watch(dispatcher().native));
  }
}

/**
 * Those who wait for one watch. The answer may be long in coming, so who gives up leaves nothing
 * behind; and it does not know the stream, which may be dropped when nobody waits any more.
 */
class Waiters {
  readonly #waiting = new Set<(answer: Promise<void>) => void>();
  #isWatching = false;

  /** Waits for a change that a look can show, with the watch of those before if there is one. */
  async change(
    watch: () => number,
    operation: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (!this.#isWatching) {
      this.#await(watch());
    }
    let settle!: (answer: Promise<void>) => void;
    const answered = new Promise<void>((resolve) => {
      settle = resolve;
    });
    this.#waiting.add(settle);
    try {
      await unlessAborted(operation, answered, signal);
    } finally {
      this.#waiting.delete(settle);
    }
  }

  #await(token: number): void {
    const answer = dispatcher().answer<void>(token);
    const settle = (): void => {
      this.#isWatching = false;
      for (const waiter of this.#waiting) {
        waiter(answer);
      }
      this.#waiting.clear();
    };
    this.#isWatching = true;
    answer.then(settle, settle);
  }
}
