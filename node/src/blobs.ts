/** Blobs: large bytes, named by their hash. */

import { chunksOf } from "./chunks.js";
import type { BlobData, Chunks } from "./chunks.js";
import { called, checked, options as asJson, pathText, text, unaborted } from "./failure.js";
import type { WaitOptions } from "./failure.js";
import type {
  NativeBlobReader,
  NativeBlobStream,
  NativeBlobWriter,
  NativeBlobs,
  NativePort,
  NativeReading,
} from "./native.js";
import { dispatcher, unlessAborted } from "./port.js";
import type { Hold } from "./port.js";
import { BlobInfo, changeOf, said, statOf } from "./record.js";
import type {
  BlobChange,
  BlobProgress,
  BlobState,
  BlobStat,
  BlobUsage,
  CollectionFile,
  FolderOptions,
  PutOptions,
  SavedFolder,
  WireChange,
  WireInfo,
  WireStat,
} from "./record.js";
import { Taking, readable } from "./taking.js";

/** What is read into memory at once unless more is allowed. */
const READ_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes handed over at once: what is larger is cut, so that nobody else waits for long. */
const CHUNK_BYTES = 256 * 1024;
/** Records handed over at once. */
const BATCH_INFOS = 256;

/** Which bytes of a blob are read; all of them unless given. */
export interface GetOptions extends WaitOptions {
  /** The first one. */
  readonly start?: number | undefined;
  /** The one behind the last one; what lies behind the end of the blob is left out. */
  readonly end?: number | undefined;
}

/**
 * The bytes of a blob: `for await` hands them out as they come, at most 64 KiB at a time; `read`
 * and `save` take all that is left. Each byte is checked against the id.
 *
 * Bytes that are not here are fetched from whoever is connected and has them, those that are waited
 * for before others; while nobody has them, this waits. What came is kept. No more than a mebibyte
 * is read ahead.
 *
 * Leaving a `for await` loop or an `await using` block, or dropping the object, gives up what is
 * not here yet; to read some and go on later, use `next`. A wait that is given up by its signal
 * loses nothing. It has one user at a time.
 */
export class BlobReader extends Taking<Uint8Array> {
  readonly #native: NativeBlobReader;
  readonly #hold: Hold;
  readonly #signal: AbortSignal | undefined;

  /** @internal */
  constructor(native: NativeBlobReader, hold: Hold, signal: AbortSignal | undefined) {
    super("get", native, hold, signal);
    this.#native = native;
    this.#hold = hold;
    this.#signal = signal;
  }

  /** The id of the blob. */
  get id(): string {
    return called("get", () => this.#native.id);
  }

  /**
   * All the bytes that are left. Rejects with `InvalidArgumentError` if those are more than
   * `bytesMax`, 64 MiB unless given; nothing is lost then.
   */
  async read(bytesMax: number = READ_BYTES_MAX, options: WaitOptions = {}): Promise<Uint8Array> {
    const { signal } = unaborted("read", options);
    const bound = asJson("read", { bytesMax });
    let reading: NativeReading | undefined;
    const start = (port: NativePort): NativeReading => {
      reading = this.#native.read(port, bound);
      return reading;
    };
    await this.#hold.wait("read", start, this.#either(signal));
    this.#finish();
    return reading?.take() ?? new Uint8Array();
  }

  /**
   * Writes all the bytes that are left to a file. It appears under its name when all of it is there
   * and synced; one that was there is replaced. If it fails, or is given up, nothing is lost, and
   * nothing is left behind soon after, unless the file was just getting its name.
   */
  async save(path: string | URL, options: WaitOptions = {}): Promise<void> {
    const { signal } = unaborted("save", options);
    const file = pathText("save", path);
    const start = (port: NativePort) => this.#native.save(port, file);
    await this.#hold.wait("save", start, this.#either(signal));
    this.#finish();
  }

  /** How much of the blob is on this device. */
  async progress(): Promise<BlobProgress> {
    return this.#hold.call("progress", (port) => this.#native.progress(port));
  }

  /** The bytes as a web stream; `Readable.from(reader)` is one of Node.js. */
  toReadable(): ReadableStream<Uint8Array> {
    return readable<Uint8Array>(this);
  }

  /** @internal */
  protected override taken(): Uint8Array | undefined {
    return called("get", () => this.#native.take()) ?? undefined;
  }

  #finish(): void {
    called("read", () => {
      this.#native.finish();
    });
  }

  /** A signal that gives up a call, or the reader. */
  #either(signal: AbortSignal | undefined): AbortSignal | undefined {
    const both = [signal, this.#signal].filter((each) => each !== undefined);
    return both.length === 2 ? AbortSignal.any(both) : both[0];
  }
}

/**
 * What there is to know of blobs, one after the other.
 *
 * Leaving the loop, or dropping the object, ends it; closing the node ends it with `ClosedError`.
 */
export class BlobStream<T> extends Taking<T> {
  readonly #operation: string;
  readonly #native: NativeBlobStream;
  readonly #made: (wire: never) => T;
  /** What was taken and not handed out yet, the last first. */
  #kept: T[] = [];

  /** @internal */
  constructor(
    operation: string,
    native: NativeBlobStream,
    made: (wire: never) => T,
    hold: Hold,
    signal: AbortSignal | undefined,
  ) {
    super(operation, native, hold, signal);
    this.#operation = operation;
    this.#native = native;
    this.#made = made;
  }

  /** The next one. Given up by its signal, it has taken nothing. */
  override async next(options: WaitOptions = {}): Promise<IteratorResult<T, undefined>> {
    checked(this.#operation, options);
    const value = this.isCancelled ? undefined : this.#kept.pop();
    return value === undefined ? super.next(options) : { done: false, value };
  }

  /** @internal */
  protected override taken(): T | undefined {
    const text = called(this.#operation, () => this.#native.take(BATCH_INFOS));
    const taken = (JSON.parse(text) as never[]).map(this.#made);
    this.#kept = [...taken.reverse(), ...this.#kept];
    return this.#kept.pop();
  }
}

/**
 * The blobs of a node: large bytes, named by their hash.
 *
 * Whoever stores a blob publishes a record of it, an event with the tags `blob` and `blob:<id>`;
 * whoever may read the record may have the blob. Each node that is to hold a blob fetches it by
 * itself, from all who have it; others fetch it when it is read.
 */
export class Blobs {
  readonly #native: NativeBlobs;
  readonly #hold: Hold;

  /** @internal */
  constructor(native: NativeBlobs, hold: Hold) {
    this.#native = native;
    this.#hold = hold;
  }

  /**
   * Stores bytes; both they and the record are durable when this is done.
   *
   * Chunks are asked for one at a time, and no faster than the disk takes them. If storing fails,
   * or is given up, nothing is left behind, unless all bytes had been given already; a stream is
   * destroyed then, an iterator is told to return. The same bytes are kept once, however often they
   * are stored. Do not change bytes while they are stored.
   */
  async put(data: BlobData, options: PutOptions = {}): Promise<BlobInfo> {
    const { signal } = unaborted("put", options);
    const json = said("put", options);
    const chunks = chunksOf(data);
    try {
      return await this.#hold.during(this.#stored(json, chunks, signal));
    } catch (error) {
      chunks.leave();
      throw error;
    }
  }

  /**
   * Stores the bytes of a file, which stays where it is. The name of the blob is that of the file,
   * unless another is given, or no blob can have it. Given up, it leaves nothing behind, unless all
   * bytes were copied already.
   */
  async putFile(path: string | URL, options: PutOptions = {}): Promise<BlobInfo> {
    const { signal } = unaborted("put", options);
    const [file, json] = [pathText("put", path), said("put", options)];
    const start = (port: NativePort) => this.#native.putFile(port, file, json);
    return new BlobInfo(await this.#hold.wait<WireInfo>("put", start, signal));
  }

  /**
   * Stores the files of a folder, and of the folders in it, as a collection: a blob that lists
   * them, whose id stands for all of them. The files are held and kept with it; `list` leaves them
   * out. Links, and names that files cannot have everywhere, are refused, as are more than 8 192
   * files; nothing is published then.
   */
  async putFolder(path: string | URL, options: FolderOptions = {}): Promise<BlobInfo> {
    const { signal } = unaborted("put_folder", options);
    const [folder, json] = [pathText("put_folder", path), said("put_folder", options)];
    const start = (port: NativePort) => this.#native.putFolder(port, folder, json);
    return new BlobInfo(await this.#hold.wait<WireInfo>("put_folder", start, signal));
  }

  /**
   * The files of a collection, in the order of their paths. It is fetched if it is not here; its
   * files are not.
   */
  async collection(id: string, options: WaitOptions = {}): Promise<CollectionFile[]> {
    const { signal } = unaborted("collection", options);
    const blob = text("collection", "id", id);
    const start = (port: NativePort) => this.#native.collection(port, blob);
    return this.#hold.wait<CollectionFile[]>("collection", start, signal);
  }

  /**
   * Writes the files of a collection below a folder, those that are missing there or have other
   * bytes; what is not here is fetched. Each appears when all of it is there. What else is in the
   * folder stays. If it fails, or is given up, what was written stays; repeated it goes on.
   */
  async saveFolder(
    id: string,
    path: string | URL,
    options: WaitOptions = {},
  ): Promise<SavedFolder> {
    const { signal } = unaborted("save_folder", options);
    const [blob, folder] = [text("save_folder", "id", id), pathText("save_folder", path)];
    const start = (port: NativePort) => this.#native.saveFolder(port, blob, folder);
    return this.#hold.wait<SavedFolder>("save_folder", start, signal);
  }

  /** A blob to read, whether it is here or not. Its signal ends the reader. */
  get(id: string, options: GetOptions = {}): BlobReader {
    const { signal, ...range } = checked("get", options);
    const [blob, json] = [text("get", "id", id), asJson("get", range)];
    const native = called("get", () => this.#native.get(blob, json));
    return new BlobReader(native, this.#hold.inherit(), signal);
  }

  /** How much of a blob is on this device. Looks at the disk; does not wait for anybody. */
  async state(id: string): Promise<BlobState> {
    return this.#about("state", id, (port, blob) => this.#native.state(port, blob));
  }

  /**
   * How much of a blob is on this device, now and then each time that changes; who is slow misses
   * what was in between. It makes nobody fetch the blob.
   */
  watch(id: string, options: WaitOptions = {}): BlobStream<BlobState> {
    const blob = text("watch", "id", id);
    return this.#stream("watch", options, (state: BlobState) => state, () =>
      this.#native.watch(blob),
    );
  }

  /** All that is known of a blob. */
  async stat(id: string): Promise<BlobStat> {
    const start = (port: NativePort, blob: string) => this.#native.stat(port, blob);
    return statOf(await this.#about<WireStat>("stat", id, start));
  }

  /** How much of this device blobs take. Looks at every file. */
  async usage(): Promise<BlobUsage> {
    return this.#hold.call("usage", (port) => this.#native.usage(port));
  }

  /**
   * The records that are here and were not taken back; a blob comes once for each record of it. To
   * find some of them, query the log, and read rows with `BlobInfo.fromRow`.
   */
  list(options: WaitOptions = {}): BlobStream<BlobInfo> {
    const made = (wire: WireInfo) => new BlobInfo(wire);
    return this.#stream("list", options, made, () => this.#native.list());
  }

  /** What records and deletions say: those that are here, and those that come. */
  changes(options: WaitOptions = {}): BlobStream<BlobChange> {
    const made = (wire: WireChange) => changeOf(wire);
    return this.#stream("changes", options, made, () => this.#native.changes());
  }

  /**
   * Takes back the records of a blob that this device may take back: its own, and those in streams
   * on which it has the right `admin`. Says how many records by others keep the blob. Every device
   * that learns of it removes the bytes, unless something else keeps them.
   */
  async delete(id: string): Promise<number> {
    return this.#about("delete", id, (port, blob) => this.#native.delete(port, blob));
  }

  /** Keeps a blob on this device whatever its records say, and fetches it. */
  async pin(id: string): Promise<void> {
    await this.#about("pin", id, (port, blob) => this.#native.pin(port, blob));
  }

  /** Takes that back. */
  async unpin(id: string): Promise<void> {
    await this.#about("unpin", id, (port, blob) => this.#native.unpin(port, blob));
  }

  /** The ids of the blobs that are pinned on this device. */
  async pinned(): Promise<string[]> {
    return this.#hold.call("pinned", (port) => this.#native.pinned(port));
  }

  async #stored(
    json: string,
    chunks: Chunks,
    signal: AbortSignal | undefined,
  ): Promise<BlobInfo> {
    const writer = called("put", () => this.#native.writer(dispatcher().native, json));
    try {
      await dispatcher().answer(writer.token);
      for (;;) {
        const chunk = await unlessAborted("put", chunks.next(), signal);
        if (chunk === undefined) {
          break;
        }
        await this.#write(writer, chunk, signal);
      }
      const stored = this.#hold.call<WireInfo>("put", (port) => writer.finish(port));
      return new BlobInfo(await unlessAborted("put", stored, signal));
    } finally {
      writer.cancel();
    }
  }

  /** Adds a chunk, and waits for the disk whenever so much has been added that it is due. */
  async #write(
    writer: NativeBlobWriter,
    chunk: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for (let start = 0; start < chunk.length; start += CHUNK_BYTES) {
      const piece = chunk.subarray(start, start + CHUNK_BYTES);
      if (called("put", () => writer.write(piece))) {
        const flushed = this.#hold.call("put", (port) => writer.flush(port));
        await unlessAborted("put", flushed, signal);
      }
    }
  }

  async #about<T>(
    operation: string,
    id: string,
    start: (port: NativePort, blob: string) => number,
  ): Promise<T> {
    const blob = text(operation, "id", id);
    return this.#hold.call<T>(operation, (port) => start(port, blob));
  }

  #stream<W, T>(
    operation: string,
    options: WaitOptions,
    made: (wire: W) => T,
    begin: () => NativeBlobStream,
  ): BlobStream<T> {
    const { signal } = checked(operation, options);
    return new BlobStream(operation, called(operation, begin), made, this.#hold.inherit(), signal);
  }
}
