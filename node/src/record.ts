/** What is said and known of blobs. */

import { InvalidArgumentError } from "./errors.js";
import { options as asJson } from "./failure.js";
import type { WaitOptions } from "./failure.js";
import { tagList } from "./payload.js";
import type { Tags } from "./payload.js";
import type { Row } from "./row.js";
import type { EventKey } from "./types.js";

/**
 * Who is to hold a blob beside the device that stored it: each that gets its record; those that
 * read it; so many; or those whose certificates have all of these labels.
 */
export type Hold =
  | "everyone"
  | "onDemand"
  | { readonly copies: number }
  | { readonly labels: Readonly<Record<string, string>> };

/**
 * How long a blob is kept: until it is deleted; until a time; until a later record has all of these
 * tags, or with none of them until the next blob of the same name; or while an event refers to it.
 */
export type Keep =
  | "forever"
  | { readonly until: Date }
  | { readonly untilNext: readonly string[] }
  | "whileReferenced";

/** What is said of a blob when it is stored. All of it may be left out. */
export interface PutOptions extends WaitOptions {
  /** What people call it, never a path; that of a file unless given. */
  readonly name?: string | undefined;
  /** What kind of bytes it is, such as `image/png`. */
  readonly mediaType?: string | undefined;
  /** By what its record is found, beside its own tags. */
  readonly tags?: Tags | undefined;
  /** Who is to hold it beside this device; `everyone` unless given. */
  readonly hold?: Hold | undefined;
  /** How long it is kept; `forever` unless given. */
  readonly keep?: Keep | undefined;
  /**
   * The bytes stay in the file, which is only ever read and must stay as it is; of a file or a
   * folder only.
   */
  readonly reference?: boolean | undefined;
}

/** What is said of a folder when it is stored. All of it may be left out. */
export type FolderOptions = Omit<PutOptions, "mediaType">;

/** A file of a collection. */
export interface CollectionFile {
  /** Where it is below the folder, with `/` between names. */
  readonly path: string;
  /** The id of its bytes. */
  readonly id: string;
  /** How many they are. */
  readonly size: number;
}

/** What became of a folder. */
export interface SavedFolder {
  /** How many files were written. */
  readonly written: number;
  /** How many were there already, with the same bytes. */
  readonly unchanged: number;
}

/** A blob as its record tells of it. */
export class BlobInfo {
  /** Its id: the BLAKE3 hash of its bytes, 64 digits. */
  readonly id: string;
  /** Its length in bytes. */
  readonly size: number;
  /** What people call it; null if it has no name. */
  readonly name: string | null;
  /** What kind of bytes it is; null if that was not said. */
  readonly mediaType: string | null;
  /** Who is to hold it. */
  readonly hold: Hold;
  /** How long. */
  readonly keep: Keep;
  /** The tags of the record, with those that every record has, in text order. */
  readonly tags: readonly string[];
  /** Where the record is in the log. */
  readonly key: EventKey;
  /**
   * When it was stored, by the clock of the device that did, in microseconds since 1970-01-01 UTC.
   */
  readonly timestamp: number;
  /** The app that stored it. */
  readonly appId: string;
  /** The collection that it is a file of; null if it is none. */
  readonly collection: string | null;

  /** @internal */
  constructor(wire: WireInfo) {
    this.id = wire.id;
    this.size = wire.size;
    this.name = wire.name;
    this.mediaType = wire.mediaType;
    this.hold = wire.hold;
    this.keep = keepOf(wire.keep);
    this.tags = wire.tags;
    this.key = wire.key;
    this.timestamp = wire.timestamp;
    this.appId = wire.appId;
    this.collection = wire.collection;
  }

  /** What a row says if it comes from the record of a blob; null if it does not. */
  static fromRow(row: Row): BlobInfo | null {
    const wire = row.record;
    return wire === undefined ? null : new BlobInfo(wire);
  }

  /** When it was stored, to the millisecond. */
  get time(): Date {
    return timeOf(this.timestamp);
  }
}

/** Something was said of a blob. */
export interface BlobChange {
  /** Of which blob. */
  readonly id: string;
  /**
   * What the record says. Null if earlier records were taken back: by whoever wrote this, his own,
   * and those in streams on which he has the right `admin`.
   */
  readonly info: BlobInfo | null;
  /** Where in the log it was said, and by whom. */
  readonly key: EventKey;
}

/** How much of a blob is on this device: all of it, a part that is being fetched, or nothing. */
export type BlobState =
  | { readonly type: "here"; readonly size: number }
  /** `missing`: about how many bytes are still to come. */
  | { readonly type: "part"; readonly size: number; readonly missing: number }
  | { readonly type: "absent" };

/** All that is known of a blob on this device. */
export interface BlobStat {
  /** How much of it is here. */
  readonly state: BlobState;
  /** Whether it is kept here whatever records say. */
  readonly isPinned: boolean;
  /** The records that tell of it, without those that were taken back. */
  readonly records: readonly BlobInfo[];
}

/** How much of this device blobs take. */
export interface BlobUsage {
  /** How many there are, whole or in part. */
  readonly blobs: number;
  /** How many bytes they take, with the hashes that prove them. */
  readonly bytes: number;
  /** How many of these the device need not keep, as of the last look. */
  readonly spareBytes: number;
  /** How many there may be; null if that was not said. */
  readonly bytesMax: number | null;
}

/** How much of a blob that is read is on this device. */
export interface BlobProgress {
  /** Its length in bytes; null while that is not known. */
  readonly size: number | null;
  /** About how many bytes of it are here. */
  readonly here: number;
}

/** A time is in microseconds. */
type WireKeep = Exclude<Keep, { until: Date }> | { readonly until: number };

/** What the native half sends of a record; `bindings/node/src/records.rs` writes it. */
export interface WireInfo {
  readonly id: string;
  readonly size: number;
  readonly name: string | null;
  readonly mediaType: string | null;
  readonly hold: Hold;
  readonly keep: WireKeep;
  readonly tags: readonly string[];
  readonly key: EventKey;
  readonly timestamp: number;
  readonly appId: string;
  readonly collection: string | null;
}

export type WireChange = Omit<BlobChange, "info"> & { readonly info: WireInfo | null };
export type WireStat = Omit<BlobStat, "records"> & { readonly records: readonly WireInfo[] };

export function changeOf(wire: WireChange): BlobChange {
  return { ...wire, info: wire.info && new BlobInfo(wire.info) };
}

export function statOf(wire: WireStat): BlobStat {
  return { ...wire, records: wire.records.map((record) => new BlobInfo(record)) };
}

/** What is said of a blob, as the native half reads it. */
export function said(operation: string, options: PutOptions): string {
  const { signal: _, tags, keep, ...rest } = options;
  return asJson(operation, {
    ...rest,
    tags: tags === undefined ? undefined : tagList(operation, tags),
    keep: typeof keep === "object" && "until" in keep ? wireKeep(operation, keep) : keep,
  });
}

function wireKeep(operation: string, keep: { readonly until: Date }): WireKeep {
  const until = keep.until instanceof Date ? keep.until.getTime() * 1000 : NaN;
  if (!Number.isSafeInteger(until)) {
    const message = "a blob is kept until a Date, at most of the year 2255";
    throw new InvalidArgumentError(message, { operation });
  }
  return { ...keep, until };
}

function keepOf(wire: WireKeep): Keep {
  return typeof wire === "object" && "until" in wire ? { until: timeOf(wire.until) } : wire;
}

/** The time of microseconds; the last one that there is for what comes after it. */
function timeOf(micros: number): Date {
  const LAST_MS = 8.64e15;
  return new Date(Math.max(-LAST_MS, Math.min(Math.floor(micros / 1000), LAST_MS)));
}
