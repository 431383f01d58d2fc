/** What can be stored, chunk by chunk, from wherever it comes. Not public; its types are. */

import { Readable } from "node:stream";

import { InvalidArgumentError } from "./errors.js";

/** Bytes in memory: a `Uint8Array`, a `Buffer`, whatever else is a view, or what is viewed. */
export type Bytes = ArrayBufferView | ArrayBuffer;

/**
 * What can be stored: bytes, or chunks of them one after the other, of whatever length; streams of
 * Node.js and of the web are such chunks.
 */
export type BlobData = Bytes | Iterable<Bytes> | AsyncIterable<Bytes> | ReadableStream<Bytes>;

/** Asks for one chunk at a time, and for none before the one before it is dealt with. */
export class Chunks {
  readonly #pull: () => unknown;
  readonly #end: () => unknown;
  #isOver = false;

  constructor(source: { next(): unknown; end(): unknown }) {
    this.#pull = () => source.next();
    this.#end = () => source.end();
  }

  /** The next chunk; nothing at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#asked();
    if (done !== true) {
      return viewed(value) ?? refused("a chunk of a blob must be a Uint8Array", value);
    }
    this.#isOver = true;
    return undefined;
  }

  /** Nobody wants more. It does not wait: a source may be busy with a chunk for ever. */
  leave(): void {
    if (!this.#isOver) {
      this.#isOver = true;
      // What goes wrong here is of no use to anybody.
      Promise.resolve().then(this.#end).catch(() => undefined);
    }
  }

  async #asked(): Promise<IteratorResult<unknown>> {
    try {
      return (await this.#pull()) as IteratorResult<unknown>;
    } catch (error) {
      // Who has thrown has come to the end.
      this.#isOver = true;
      throw error;
    }
  }
}

/** The chunks of what is to be stored. */
export function chunksOf(data: unknown): Chunks {
  const bytes = viewed(data);
  if (bytes !== undefined) {
    return ofIterator([bytes][Symbol.iterator]());
  }
  if (data instanceof Readable) {
    // Its iterator listens from the first chunk on. What goes wrong before shows there, too.
    data.on("error", () => undefined);
    const chunks = data[Symbol.asyncIterator]();
    return new Chunks({ next: () => chunks.next(), end: () => data.destroy() });
  }
  if (data instanceof ReadableStream) {
    const reader = data.getReader();
    return new Chunks({ next: () => reader.read(), end: () => reader.cancel() });
  }
  if (isObject(data) && Symbol.asyncIterator in data) {
    return ofIterator((data as AsyncIterable<unknown>)[Symbol.asyncIterator]());
  }
  if (isObject(data) && Symbol.iterator in data) {
    return ofIterator((data as Iterable<unknown>)[Symbol.iterator]());
  }
  const wanted = "bytes, or an iterable of bytes, asynchronous or not";
  return refused(`what is stored must be ${wanted}; putFile stores a file`, data);
}

function ofIterator(chunks: Iterator<unknown> | AsyncIterator<unknown>): Chunks {
  return new Chunks({ next: () => chunks.next(), end: () => chunks.return?.() });
}

/** The bytes, if they are any. */
function viewed(data: unknown): Uint8Array | undefined {
  if (data instanceof Uint8Array) {
    return data;
  }
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  const isBuffer = Object.prototype.toString.call(data) === "[object ArrayBuffer]";
  return isBuffer ? new Uint8Array(data as ArrayBuffer) : undefined;
}

function isObject(data: unknown): data is object {
  return typeof data === "object" && data !== null;
}

function refused(message: string, given: unknown): never {
  const operation = "put";
  throw new InvalidArgumentError(`${message}, not ${typeof given}`, { operation });
}
