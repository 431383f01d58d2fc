/** Answers of the native half in this event loop, and what keeps the process alive meanwhile. */

import { setInterval } from "node:timers";

import { called, failureOf, givenUp } from "./failure.js";
import type { Told } from "./failure.js";
import { native } from "./native.js";
import type { NativePort, NativeWaiting } from "./native.js";

interface Waiter {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Hands the answers that arrive to those who wait for them. */
class Dispatcher {
  readonly native: NativePort = new native.Port(() => {
    this.#drain();
  });
  readonly #waiters = new Map<number, Waiter>();
  #onDiagnostics: (() => void) | undefined;

  /** The answer under this token. */
  answer<T>(token: number): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiters.set(token, { resolve: resolve as Waiter["resolve"], reject });
    });
  }

  /** Who is told when the node says something about itself. */
  onDiagnostics(listener: () => void): void {
    this.#onDiagnostics = listener;
  }

  #drain(): void {
    const answers = JSON.parse(this.native.drain()) as [number, unknown, Told?][];
    let isRung = false;
    for (const [token, value, told] of answers) {
      const waiter = this.#waiters.get(token);
      this.#waiters.delete(token);
      if (token === 0) {
        isRung = true;
      } else if (told === undefined) {
        waiter?.resolve(value);
      } else {
        waiter?.reject(failureOf(told));
      }
    }
    // Last, because it is code of the user, which may throw.
    if (isRung) {
      this.#onDiagnostics?.();
    }
  }
}

let own: Dispatcher | undefined;

/** The dispatcher of this event loop. */
export function dispatcher(): Dispatcher {
  own ??= new Dispatcher();
  return own;
}

/** While it is referenced, the process stays; nothing else of this package keeps it. */
const anchor = setInterval(() => undefined, 2 ** 31 - 1).unref();
let held = 0;

function hold(change: number): void {
  held += change;
  if (held > 0) {
    anchor.ref();
  } else {
    anchor.unref();
  }
}

/** Whether those who wait for one handle keep the process alive. */
export class Hold {
  #isReferenced: boolean;
  #waits = 0;

  constructor(isReferenced = true) {
    this.#isReferenced = isReferenced;
  }

  /** That of a handle made from this one. */
  inherit(): Hold {
    return new Hold(this.#isReferenced);
  }

  /** Waits, and keeps the process meanwhile. */
  async during<T>(wait: Promise<T>): Promise<T> {
    this.#enter(1);
    try {
      return await wait;
    } finally {
      this.#enter(-1);
    }
  }

  /** Starts a call into the native half, and waits for its answer. */
  call<T>(operation: string, start: (port: NativePort) => number): Promise<T> {
    const token = called(operation, () => start(dispatcher().native));
    return this.during(dispatcher().answer<T>(token));
  }

  /** Starts a call that can be given up, and waits for its answer, or until it is given up. */
  async wait<T>(
    operation: string,
    start: (port: NativePort) => Pick<NativeWaiting, "token" | "cancel">,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const waiting = called(operation, () => start(dispatcher().native));
    const answer = this.during(dispatcher().answer<T>(waiting.token));
    try {
      return await unlessAborted(operation, answer, signal);
    } finally {
      waiting.cancel();
    }
  }

  set isReferenced(isReferenced: boolean) {
    if (isReferenced !== this.#isReferenced) {
      this.#isReferenced = isReferenced;
      hold(isReferenced ? this.#waits : -this.#waits);
    }
  }

  #enter(change: number): void {
    this.#waits += change;
    if (this.#isReferenced) {
      hold(change);
    }
  }
}

/** The same promise, unless the signal gives it up before. */
export async function unlessAborted<T>(
  operation: string,
  wait: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) {
    return wait;
  }
  let giveUp: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => {
      reject(givenUp(operation, signal));
    };
    signal.addEventListener("abort", giveUp, { once: true });
    if (signal.aborted) {
      giveUp();
    }
  });
  try {
    return await Promise.race([wait, aborted]);
  } finally {
    if (giveUp !== undefined) {
      signal.removeEventListener("abort", giveUp);
    }
  }
}
