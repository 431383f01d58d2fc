/** What the native half and the front refuse, as errors of one kind each. */

import { fileURLToPath } from "node:url";

import {
  BY_CODE,
  CancelledError,
  InternalError,
  InvalidArgumentError,
  TimeoutError,
} from "./errors.js";
import type { Advice, Code, SwarmletError } from "./errors.js";

/** A failure as the native half tells of it. */
export interface Told {
  readonly code: string;
  readonly message: string;
  readonly operation: string;
  readonly advice: Advice;
  readonly details: Readonly<Record<string, string>>;
}

/** The error of a failure; of a kind that this release does not know, an internal one. */
export function failureOf(told: Told): SwarmletError {
  const Kind = BY_CODE[told.code as Code] ?? InternalError;
  const { operation, advice, details } = told;
  return new Kind(told.message, { operation, advice, details });
}

/** Carries out a call into the native half. */
export function called<T>(operation: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw raised(operation, error);
  }
}

function raised(operation: string, error: unknown): unknown {
  if (!(error instanceof Error)) {
    return error;
  }
  if (error.message.startsWith('{"code":')) {
    return failureOf(JSON.parse(error.message) as Told);
  }
  const isMisfit = "code" in error && MISFITS.has(String(error.code));
  const Kind = isMisfit ? InvalidArgumentError : InternalError;
  return new Kind(error.message, { operation, cause: error });
}

/** What the addon says when a value is of the wrong type. */
const MISFITS = new Set([
  "ArrayExpected",
  "BooleanExpected",
  "FunctionExpected",
  "InvalidArg",
  "NumberExpected",
  "ObjectExpected",
  "StringExpected",
]);

/** Types that JSON drops or refuses. */
const LOST: readonly string[] = ["bigint", "function", "symbol"];

/** The end of a wait that was given up; by `AbortSignal.timeout`, because the time ran out. */
export function givenUp(operation: string, signal: AbortSignal): CancelledError | TimeoutError {
  const cause: unknown = signal.reason;
  const isLate = cause instanceof DOMException && cause.name === "TimeoutError";
  return isLate
    ? new TimeoutError("the time of the signal ran out", { operation, cause })
    : new CancelledError("the wait was given up", { operation, cause });
}

/** The value as a text, whose every character other languages can read. */
export function text(operation: string, name: string, value: unknown): string {
  if (typeof value !== "string" || !value.isWellFormed()) {
    const given = typeof value === "string" ? "one with lone surrogates" : typeof value;
    throw new InvalidArgumentError(`${name} must be a string, not ${given}`, { operation });
  }
  return value;
}

/** The path of a file or folder. */
export function pathText(operation: string, given: string | URL): string {
  return text(operation, "path", given instanceof URL ? fileURLToPath(given) : given);
}

/** How a wait can be given up. */
export interface WaitOptions {
  /**
   * Rejects the wait with `CancelledError`, or with `TimeoutError` if it is one of
   * `AbortSignal.timeout`; what it waits for may happen all the same.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Options that are an object, whose signal, if there is one, is one. */
export function checked<T extends object & WaitOptions>(operation: string, given: T): T {
  if (typeof given !== "object" || given === null) {
    throw new InvalidArgumentError("options must be an object", { operation });
  }
  const signal: unknown = given.signal;
  const isSignal = typeof signal === "object" && signal !== null && "aborted" in signal;
  if (signal !== undefined && !isSignal) {
    throw new InvalidArgumentError("signal must be an AbortSignal", { operation });
  }
  return given;
}

/** Options of a wait that begins now, which is not begun if their signal has given it up. */
export function unaborted<T extends object & WaitOptions>(operation: string, given: T): T {
  const options = checked(operation, given);
  if (options.signal?.aborted === true) {
    throw givenUp(operation, options.signal);
  }
  return options;
}

/** Options as JSON, in which nothing gets lost on the way. */
export function options(operation: string, value: object): string {
  const checked = (name: string, item: unknown): unknown => {
    const isNumber = typeof item === "number";
    if (isNumber ? !Number.isFinite(item) : LOST.includes(typeof item)) {
      const shown = isNumber ? String(item) : typeof item;
      throw new InvalidArgumentError(`${name} cannot be ${shown}`, { operation });
    }
    return item;
  };
  return JSON.stringify(value, checked);
}
