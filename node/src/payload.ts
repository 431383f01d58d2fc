/**
 * Values of JavaScript as payloads, and back. They leave as CBOR, which knows all of them, and come
 * back as JSON with a spelling of its own for what JSON does not know; `bindings/node` describes
 * it.
 */

import { Buffer } from "node:buffer";

import { InvalidArgumentError } from "./errors.js";
import { text } from "./failure.js";

/**
 * What can be published: anything JSON-like, bytes, and integers of 64 bits as `bigint`.
 *
 * Numbers with infinities and not-a-number; `bigint` from -2^63 to 2^64 - 1; at most 1 MiB encoded
 * and 128 levels deep. Properties that are `undefined` are left out. What comes back are plain
 * objects, arrays, `Uint8Array`, and `bigint` for integers beyond 2^53 - 1.
 */
export type Payload =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | ArrayBuffer
  | readonly Payload[]
  | ReadonlyMap<string, Payload>
  | { readonly [key: string]: Payload | undefined };

/** The labels of an event. A single string is one tag. */
export type Tags = string | Iterable<string>;

/** Where writing stops. The engine has the last word; a test shows that it says the same. */
const DEPTH_MAX = 128;
/** Where writing stops, likewise. */
const BYTES_MAX = 1024 * 1024;
/** How much of a long place is shown. */
const STEPS_SHOWN = 8;

const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;

const utf8 = new TextEncoder();

/** Writes CBOR. What does not fit is named with its place. */
export class Writer {
  readonly #operation: string;
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  /** Where the payload that is being written begins. */
  #start = 0;
  readonly #place: (string | number)[] = [];

  constructor(operation: string) {
    this.#operation = operation;
  }

  /** What was written. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  beginList(length: number): void {
    this.#head(LIST, length);
  }

  integer(value: number): void {
    if (value < 0) {
      this.#head(NEGATIVE, -1 - value);
    } else {
      this.#head(UNSIGNED, value);
    }
  }

  text(value: string): void {
    // Three bytes for each unit are always enough.
    this.#reserve(value.length * 3 + 9);
    const guessed = this.#length + headBytes(value.length);
    const length = this.#put(value, guessed);
    const start = this.#length + headBytes(length);
    if (start !== guessed) {
      // More bytes than letters, so many that the head is longer.
      this.#bytes.copyWithin(start, guessed, guessed + length);
    }
    this.#head(TEXT, length);
    this.#length += length;
  }

  /** A payload as a string of bytes, so that whoever reads can pass it on as it is. */
  payload(value: unknown): void {
    this.#reserve(5);
    const at = this.#length;
    this.#length += 5;
    this.#start = this.#length;
    this.#value(value, 0);
    const length = this.#length - this.#start;
    this.#checkRoom(0, 0);
    this.#bytes[at] = (BYTES << 5) | 26;
    this.#view.setUint32(at + 1, length);
  }

  #value(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        this.#checkRoom(value.length, depth);
        if (!value.isWellFormed()) {
          this.#refuse("a text must be valid Unicode, without lone surrogates", depth);
        }
        this.text(value);
        return;
      case "number":
        this.#number(value);
        return;
      case "boolean":
        this.#byte(value ? 0xf5 : 0xf4);
        return;
      case "bigint":
        this.#bigint(value, depth);
        return;
      case "object":
        if (value === null) {
          this.#byte(0xf6);
        } else {
          this.#object(value, depth);
        }
        return;
      default:
        this.#refuse(`a payload cannot hold a value of type ${typeof value}`, depth);
    }
  }

  #object(value: object, depth: number): void {
    if (Array.isArray(value)) {
      this.#enter(value.length, depth);
      this.#head(LIST, value.length);
      for (let index = 0; index < value.length; index += 1) {
        this.#place[depth] = index;
        this.#value(value[index], depth + 1);
      }
    } else if (ArrayBuffer.isView(value) && tag(value) === "Uint8Array") {
      this.#binary(value as Uint8Array, depth);
    } else if (tag(value) === "ArrayBuffer") {
      this.#binary(new Uint8Array(value as ArrayBuffer), depth);
    } else if (isPlain(value)) {
      const entries = Object.entries(value).filter(([, item]) => item !== undefined);
      this.#entries(entries, depth);
    } else if (tag(value) === "Map") {
      this.#entries([...(value as Map<unknown, unknown>)], depth);
    } else {
      const name = value.constructor?.name ?? tag(value);
      this.#refuse(`a payload cannot hold a value of type ${name}`, depth);
    }
  }

  #entries(entries: (readonly [unknown, unknown])[], depth: number): void {
    this.#enter(entries.length, depth);
    this.#head(MAP, entries.length);
    for (const [key, item] of entries) {
      if (typeof key !== "string") {
        this.#refuse(`a key of a payload must be a string, not ${typeof key}`, depth);
      } else if (!key.isWellFormed()) {
        this.#refuse("a key must be valid Unicode, without lone surrogates", depth);
      } else {
        this.#place[depth] = key;
        this.#checkRoom(key.length, depth);
        this.text(key);
        this.#value(item, depth + 1);
      }
    }
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      this.integer(value);
      return;
    }
    this.#reserve(9);
    this.#bytes[this.#length] = 0xfb;
    this.#view.setFloat64(this.#length + 1, value);
    this.#length += 9;
  }

  #bigint(value: bigint, depth: number): void {
    if (value < -(2n ** 63n) || value >= 2n ** 64n) {
      this.#refuse("an integer in a payload must be from -2^63 to 2^64 - 1", depth);
    }
    const isNegative = value < 0n;
    const size = isNegative ? -1n - value : value;
    if (size <= BigInt(Number.MAX_SAFE_INTEGER)) {
      this.#head(isNegative ? NEGATIVE : UNSIGNED, Number(size));
      return;
    }
    this.#reserve(9);
    this.#bytes[this.#length] = ((isNegative ? NEGATIVE : UNSIGNED) << 5) | 27;
    this.#view.setBigUint64(this.#length + 1, size);
    this.#length += 9;
  }

  #binary(value: Uint8Array, depth: number): void {
    this.#checkRoom(value.length, depth);
    this.#head(BYTES, value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #head(major: number, argument: number): void {
    this.#reserve(9);
    const at = this.#length;
    if (argument < 24) {
      this.#bytes[at] = (major << 5) | argument;
      this.#length += 1;
    } else if (argument < 0x100) {
      this.#bytes[at] = (major << 5) | 24;
      this.#bytes[at + 1] = argument;
      this.#length += 2;
    } else if (argument < 0x10000) {
      this.#bytes[at] = (major << 5) | 25;
      this.#view.setUint16(at + 1, argument);
      this.#length += 3;
    } else if (argument < 0x1_0000_0000) {
      this.#bytes[at] = (major << 5) | 26;
      this.#view.setUint32(at + 1, argument);
      this.#length += 5;
    } else {
      this.#bytes[at] = (major << 5) | 27;
      this.#view.setBigUint64(at + 1, BigInt(argument));
      this.#length += 9;
    }
  }

  /** Writes a text without its head; returns how many bytes it has. */
  #put(value: string, at: number): number {
    for (let index = 0; index < value.length; index += 1) {
      const unit = value.charCodeAt(index);
      if (unit > 0x7f) {
        return utf8.encodeInto(value, this.#bytes.subarray(at)).written;
      }
      this.#bytes[at + index] = unit;
    }
    return value.length;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
  }

  #enter(length: number, depth: number): void {
    if (depth === DEPTH_MAX) {
      const bound = `the payload is nested deeper than ${DEPTH_MAX}, or contains itself`;
      this.#refuse(bound, depth);
    }
    this.#checkRoom(length, depth);
  }

  /** Stops early: a value that is far too large is not copied first. */
  #checkRoom(more: number, depth: number): void {
    const bytes = this.#length - this.#start + more;
    if (bytes > BYTES_MAX) {
      const bound = "a payload must have at most 1 MiB; store larger things as blobs";
      this.#refuse(bound, depth, { bytes: String(bytes) });
    }
  }

  #refuse(message: string, depth: number, about: Record<string, string> = {}): never {
    const steps = this.#place.slice(0, Math.min(depth, STEPS_SHOWN));
    const shown = steps.map((step) => `[${JSON.stringify(step)}]`).join("");
    const place = `payload${shown}${depth > STEPS_SHOWN ? "..." : ""}`;
    const details = depth > 0 ? { ...about, at: place } : about;
    const text = depth > 0 ? `${message} (at ${place})` : message;
    throw new InvalidArgumentError(text, { operation: this.#operation, details });
  }
}

/**
 * Puts back what JSON does not know: bytes, large integers, special numbers, special keys. The
 * value is changed in place where it can be.
 */
export function revived(value: unknown): unknown {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      value[index] = revived(value[index]);
    }
    return value;
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first !== undefined && typeof first[1] === "string") {
    switch (first[0]) {
      case "$b":
        return new Uint8Array(Buffer.from(first[1], "base64"));
      case "$i":
        return BigInt(first[1]);
      case "$f":
        return Number(first[1]);
    }
  }
  const keys = entries.map(([key, item]) => [revivedKey(key), revived(item)] as const);
  if (keys.some(([key]) => typeof key !== "string")) {
    return new Map(keys);
  }
  return Object.fromEntries(keys as [string, unknown][]);
}

function revivedKey(key: string): unknown {
  if (key.startsWith("$k")) {
    return revived(JSON.parse(key.slice(2)));
  }
  return key.startsWith("$") ? key.slice(1) : key;
}

/** The tags. A text is one of them, not a sequence of letters. */
export function tagList(operation: string, tags: Tags): string[] {
  const misfit = "tags must be a string or an iterable of strings";
  const list = typeof tags === "string" ? [tags] : iterated(operation, tags, misfit);
  return list.map((tag) => text(operation, "a tag", tag));
}

/** All that an iterable brings. */
export function iterated<T>(operation: string, items: Iterable<T>, misfit: string): T[] {
  const isIterable = typeof items === "object" && items !== null && Symbol.iterator in items;
  if (!isIterable) {
    throw new InvalidArgumentError(misfit, { operation });
  }
  return [...items];
}

/** How many bytes say so many. */
function headBytes(length: number): number {
  return length < 24 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
}

/** A plain object, whichever realm it is from. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function tag(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
