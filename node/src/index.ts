/**
 * A node of a swarm, embedded in your process: a durable log of events with queries and
 * subscriptions. No server, no broker; it works offline.
 *
 * ```js
 * import { Node } from "swarmlet";
 *
 * const node = await Node.open("press-7", { appId: "com.example.press" });
 * await node.publish(["press:7", "stopped"], { reason: "jam" });
 * for await (const row of node.query("FROM 'press:7' & 'stopped'")) {
 *   console.log(row.time, row.payload.reason);
 * }
 * await node.close();
 * ```
 */

export { BlobReader, BlobStream, Blobs } from "./blobs.js";
export type { GetOptions } from "./blobs.js";
export type { BlobData, Bytes } from "./chunks.js";
export * from "./errors.js";
export type { WaitOptions } from "./failure.js";
export { forwardLogs } from "./logs.js";
export type { LogLevel, LogRecord } from "./logs.js";
export { Node } from "./node.js";
export type { NewEvent, OpenOptions, Pair, QueryOptions, SubscribeOptions } from "./node.js";
export type { Payload, Tags } from "./payload.js";
export { QrCode } from "./qr.js";
export { BlobInfo } from "./record.js";
export type {
  BlobChange,
  BlobProgress,
  BlobStat,
  BlobState,
  BlobUsage,
  CollectionFile,
  FolderOptions,
  Hold,
  Keep,
  PutOptions,
  SavedFolder,
} from "./record.js";
export { Published, Row, compareKeys } from "./row.js";
export { Results, RowStream, Subscription } from "./stream.js";
export { Changes, Founded, Swarm } from "./swarm.js";
export type { Grant, InviteOptions, TimedWaitOptions } from "./swarm.js";
export { quantile } from "./types.js";
export type * from "./types.js";
export { version } from "./version.js";
